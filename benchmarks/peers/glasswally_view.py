"""What Glasswally's workers look at: an account's last 24 hours, and its cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from benchmarks.peers.linking import Links
from benchmarks.traffic import SECONDS_PER_DAY, SECONDS_PER_HOUR, Traffic, holders


@dataclass(frozen=True, eq=False)
class AccountView:
    """One account's 24 hours up to the end of its busiest hour."""

    seconds: np.ndarray
    texts: list[str]
    systems: list[str]
    tokens: list[int | None]
    models: list[str]
    ceilings: list[int]
    asns: set[int]
    tls: set[str]
    tls_holders: int
    preamble_holders: dict[str, int] = field(default_factory=dict)
    same_second: tuple[int, int, float] = (0, 0, 1.0)
    """Most accounts in one of its seconds; seconds with 5 or more in the 300 s before; variation of their
    gaps.
    """

    @cached_property
    def last_hour(self) -> np.ndarray:
        """Positions of the calls of the last hour."""
        return np.flatnonzero(self.seconds > self.seconds[-1] - SECONDS_PER_HOUR)


@dataclass(frozen=True, eq=False)
class ClusterView:
    """Accounts joined by card, organisation, first three octets or TLS fingerprint."""

    accounts: list[int]
    payments: list[str] = field(default_factory=list)
    prefixes: set[str] = field(default_factory=set)
    methods_shared: int = 0
    asns: list[int] = field(default_factory=list)
    calls: int = 0
    switched: dict[str, int] = field(default_factory=dict)
    """For each model the most accounts that moved to it within six hours."""


def variation(values: np.ndarray) -> float:
    """Coefficient of variation; 1 (as irregular as chance) where there is nothing to judge."""
    return float(values.std() / values.mean()) if len(values) > 1 and values.mean() > 0 else 1.0


def preamble(system: str, text: str) -> str | None:
    """Return the system text, else the first 512 characters of a prompt of 80 or more."""
    return system or (text[:512] if len(text) >= 80 else None)


def view_accounts(traffic: Traffic) -> list[AccountView]:
    """One view by account number."""
    columns = {name: traffic.column(name) for name in ("output_tokens", "model", "max_output_tokens", "client_asn")}
    tls = traffic.values_of("tls_fingerprint")
    crowd = {value: len(held) for value, held in holders(tls).items()}
    held_by = _preamble_holders(traffic)
    seconds = _busy_seconds(traffic)
    views = []
    for account, calls in enumerate(traffic.calls_of):
        recent = _busiest_day(traffic.seconds, calls)
        texts, systems = [traffic.users[c] for c in recent], [traffic.systems[c] for c in recent]
        keys = {preamble(s, t) for s, t in zip(systems, texts, strict=True)} - {None}
        views.append(
            AccountView(
                seconds=traffic.seconds[recent],
                texts=texts,
                systems=systems,
                tokens=[columns["output_tokens"][c] for c in recent],
                models=[columns["model"][c] for c in recent],
                ceilings=[v for c in recent if (v := columns["max_output_tokens"][c]) is not None],
                asns={v for c in recent if (v := columns["client_asn"][c]) is not None},
                tls=tls[account],
                tls_holders=max((crowd[value] for value in tls[account]), default=0),
                preamble_holders={key: held_by[key] for key in keys if key is not None},
                same_second=_same_second(traffic.seconds[recent], seconds),
            )
        )
    return views


def view_clusters(traffic: Traffic, views: list[AccountView]) -> list[ClusterView]:
    """Return the cluster of each account, by account number."""
    cards = [{v} if v else set() for v in traffic.attribute("payment_fingerprint")]
    organizations = [{v} if v else set() for v in traffic.attribute("organization")]
    methods: list[list[set[Any]]] = [cards, organizations, traffic.prefixes, [view.tls for view in views]]
    links = Links(len(traffic.names))
    for values in methods:
        for held in holders(values).values():
            links.join(held)
    moves = _model_moves(views)
    clusters: list[ClusterView] = [ClusterView([])] * len(traffic.names)
    for members in links.groups(least=1):
        cluster = ClusterView(
            accounts=members,
            payments=sorted({_hashed(v) for m in members for v in cards[m]}),
            prefixes=set().union(*(traffic.prefixes[m] for m in members)),
            methods_shared=sum(any(_is_shared(values, members)) for values in methods),
            asns=[min(views[m].asns) for m in members if views[m].asns],
            calls=sum(len(traffic.calls_of[m]) for m in members),
            switched=_switched([move for m in members for move in moves[m]]),
        )
        for member in members:
            clusters[member] = cluster
    return clusters


def _is_shared(values: list[set[Any]], members: list[int]) -> list[bool]:
    """For each value whether three or more members hold it."""
    counts: dict[Any, int] = {}
    for member in members:
        for value in values[member]:
            counts[value] = counts.get(value, 0) + 1
    return [count >= 3 for count in counts.values()]


def _hashed(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def _busiest_day(seconds: np.ndarray, calls: np.ndarray) -> np.ndarray:
    own = seconds[calls]
    hours, counts = np.unique(own // SECONDS_PER_HOUR, return_counts=True)
    end = (hours[np.argmax(counts)] + 1) * SECONDS_PER_HOUR
    recent: np.ndarray = calls[(own < end) & (own >= end - SECONDS_PER_DAY)]
    return recent


def _preamble_holders(traffic: Traffic) -> dict[str, int]:
    pairs = zip(traffic.code.tolist(), traffic.systems, traffic.users, strict=True)
    distinct = {(key, account) for account, s, t in pairs if (key := preamble(s, t)) is not None}
    counts: dict[str, int] = {}
    for key, _ in distinct:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _busy_seconds(traffic: Traffic) -> dict[int, int]:
    """Accounts in each second that has five or more."""
    pairs = np.unique(np.stack([traffic.seconds.astype(np.int64), traffic.code]), axis=1)
    seconds, counts = np.unique(pairs[0], return_counts=True)
    return dict(zip(seconds[counts >= 5].tolist(), counts[counts >= 5].tolist(), strict=True))


def _same_second(own: np.ndarray, busy: dict[int, int]) -> tuple[int, int, float]:
    hits = [second for second in sorted(set(own.astype(np.int64).tolist())) if second in busy]
    if not hits:
        return 0, 0, 1.0
    worst = max(hits, key=lambda second: (busy[second], -second))
    before = [second for second in range(worst - 300, worst) if second in busy]
    return busy[worst], len(before), variation(np.diff(before)) if len(before) > 2 else 1.0


def _model_moves(views: list[AccountView]) -> list[list[tuple[str, float]]]:
    """For each account the models it turned to, and when."""
    return [
        [(m, s) for m, before, s in zip(v.models[1:], v.models, v.seconds[1:], strict=False) if m != before]
        for v in views
    ]


def _switched(moves: list[tuple[str, float]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for model in {m for m, _ in moves}:
        at = np.sort([s for m, s in moves if m == model])
        most[model] = int((np.searchsorted(at, at + 6 * SECONDS_PER_HOUR, side="right") - np.arange(len(at))).max())
    return most
