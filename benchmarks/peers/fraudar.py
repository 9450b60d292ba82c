"""FRAUDAR (KDD 2016): the densest block of accounts and observables, where a crowd weighs little.

Greedy peeling of the node whose removal costs least, with the paper's column weights 1 / log(degree + 5); the
best of all intermediate blocks is returned, then its edges are taken out and the search is repeated. The
graph is the one an operator has: account x {card, device, /24 or /48, first 50 characters}. The paper names
no density from which a block is fraud: ours is the densest block of the innocent history.
"""

from __future__ import annotations

import heapq
from functools import cache
from math import log

from benchmarks.peers import Verdict
from benchmarks.peers.aegisgate import structure
from benchmarks.peers.history import History
from benchmarks.traffic import Traffic, holders

NAME = "FRAUDAR"
_BLOCKS = 10  # more blocks than any incident here has campaigns
_LEAST = 2

Edge = tuple[int, int]


def edges_of(traffic: Traffic) -> list[Edge]:
    """Account number and observable number of every edge; observables of one account are left out."""
    kinds = {
        "template": [{structure(traffic.texts[call]) for call in calls} for calls in traffic.calls_of],
        "prefix": traffic.prefixes,
        "card": [{v} if v else set() for v in traffic.attribute("payment_fingerprint")],
        "device": [{v} if v else set() for v in traffic.attribute("device_fingerprint")],
    }
    shared = [held for values in kinds.values() for held in holders(values).values() if len(held) >= _LEAST]
    return [(account, number) for number, held in enumerate(shared) for account in held]


def densest_block(edges: list[Edge]) -> tuple[set[int], set[int], float]:
    """Accounts, observables and density (weight of edges by nodes) of the best block that peeling passes."""
    accounts, columns = sorted({a for a, _ in edges}), sorted({c for _, c in edges})
    node = {("a", a): i for i, a in enumerate(accounts)} | {("c", c): len(accounts) + i for i, c in enumerate(columns)}
    degree: dict[int, int] = {}
    for _, column in edges:
        degree[column] = degree.get(column, 0) + 1
    links: list[list[tuple[int, float]]] = [[] for _ in node]
    for account, column in edges:
        left, right, weight = node["a", account], node["c", column], 1 / log(degree[column] + 5)
        links[left].append((right, weight))
        links[right].append((left, weight))
    kept, density = _peel(links)
    return (
        {a for a in accounts if node["a", a] in kept},
        {c for c in columns if node["c", c] in kept},
        density,
    )


def _peel(links: list[list[tuple[int, float]]]) -> tuple[set[int], float]:
    """Return the best set of nodes that greedy removal passes, and its density."""
    weight = [sum(w for _, w in held) for held in links]
    total, left = sum(weight) / 2, len(links)
    heap = [(w, node) for node, w in enumerate(weight)]
    heapq.heapify(heap)
    gone, order = [False] * len(links), []
    best, best_at = total / max(left, 1), 0
    while left > 1:
        cost, node = heapq.heappop(heap)
        if gone[node] or cost > weight[node] + 1e-12:
            continue
        gone[node] = True
        order.append(node)
        total, left = total - weight[node], left - 1
        for other, w in links[node]:
            if not gone[other]:
                weight[other] -= w
                heapq.heappush(heap, (weight[other], other))
        if total / left > best + 1e-12:
            best, best_at = total / left, len(order)
    return set(range(len(links))) - set(order[:best_at]), best


def blocks(edges: list[Edge], *, at_most: int = _BLOCKS) -> list[tuple[set[int], float]]:
    """Accounts and density of blocks, densest first; the edges inside a block are used once."""
    found: list[tuple[set[int], float]] = []
    while edges and len(found) < at_most:
        accounts, columns, density = densest_block(edges)
        if len(accounts) < _LEAST:
            break
        found.append((accounts, density))
        edges = [(a, c) for a, c in edges if a not in accounts or c not in columns]
    return found


@cache
def densest_innocent(history: History) -> float:
    """Density of the densest block in innocent history."""
    return max((density for _, density in blocks(edges_of(history.traffic), at_most=1)), default=0.0)


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse the accounts of every block denser than any innocent one."""
    limit = densest_innocent(history)
    groups = tuple(traffic.named(accounts) for accounts, density in blocks(edges_of(traffic)) if density > limit)
    return Verdict(frozenset().union(*groups), groups)
