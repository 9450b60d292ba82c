"""The account-observable graph: members, grouped by what they hold, against the strongest observables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.report import words
from stillwatch.report.observables import TEMPLATE_SIGNAL, Observable, signed

Json = dict[str, Any]
MAX_DRAWN = 10
"""More observables than these cannot be told apart on a phone."""
MAX_OF_ONE_SIGNAL = 2
"""Ten e-mail domains would hide the one address."""
MAX_GROUPS = 6
ENOUGH_GROUPED = 0.8
"""The groups are made coarser until they hold this share of the members."""
LEAST_OF_GROUP = 0.1
"""A line stands for at least this share of its group; fewer are noise in a drawing."""
WIDTH = 400
"""Drawn for the narrowest screen, so that its text is never smaller than the page's small print."""
HEAD = 26
ROW = 44
GROUP_X, OBSERVABLE_X = 46, 168
MAX_RADIUS = 24
MAX_LABEL = 32
"""Characters of 12 units that fit between an observable and the right edge."""
NEARLY_ALL = 0.9
TELLING_BITS = 6.0
"""From here on a line is drawn at full strength; one that says little is faint."""


@dataclass(frozen=True)
class Node:
    """A circle with up to two lines of text."""

    x: float
    y: float
    radius: float
    text: str
    small: str


@dataclass(frozen=True)
class Edge:
    """A curve from a group to an observable."""

    path: str
    width: float
    opacity: float


@dataclass(frozen=True)
class Graph:
    """The drawing, and what it shows in words."""

    width: int
    height: int
    groups: list[Node]
    observables: list[Node]
    edges: list[Edge]
    says: str


@dataclass(frozen=True)
class Group:
    """Accounts that are alike in what they hold: how many, and how many of them hold each observable."""

    size: int
    holding: list[int]
    rest: bool = False


def graph(campaign: Json, shared: Sequence[Observable], sightings: pa.Table | None) -> Graph | None:
    """Draw the graph of a campaign; without sightings all members are one group. None if nothing is shared."""
    drawn = _choose(shared)
    members = int(campaign.get("accounts", 0))
    if not drawn or not members:
        return None
    groups = _groups(campaign, drawn, sightings) or [Group(members, [o.holders for o in drawn])]
    return _draw(groups, drawn, members)


def _choose(shared: Sequence[Observable]) -> list[Observable]:
    seen: Counter[str] = Counter()
    chosen = []
    for one in shared:
        seen[one.signal] += 1
        if seen[one.signal] <= MAX_OF_ONE_SIGNAL:
            chosen.append(one)
    return chosen[:MAX_DRAWN]


def _groups(campaign: Json, shared: Sequence[Observable], sightings: pa.Table | None) -> list[Group] | None:
    """Group accounts by which of the observables they hold; None if that cannot be told."""
    if sightings is None:
        return None
    held: dict[str, int] = {}
    for bit, one in enumerate(shared):
        for account in _holders(sightings, one.signal, one.key):
            held[account] = held.get(account, 0) | 1 << bit
    streams = campaign.get("substreams", [])
    if streams and all(s.get("skeleton") for s in streams):
        # An observable may be held by another campaign's members too; a member of this one sends its templates.
        mine = {a for s in streams for a in _holders(sightings, TEMPLATE_SIGNAL, str(s["skeleton"]))}
        held = {a: pattern for a, pattern in held.items() if a in mine}
    if not held or len(held) > int(campaign.get("accounts", 0)):
        return None
    patterns = Counter(held.values())
    mask = _coarsen(patterns, len(shared))
    bits = range(len(shared))
    by_key: dict[int, Counter[int]] = {}
    for pattern, size in patterns.items():
        by_key.setdefault(pattern & mask, Counter())[pattern] += size
    ranked = sorted(by_key.items(), key=lambda g: (-g[1].total(), g[0]))
    groups = [_group(sum_of, bits) for _, sum_of in ranked[:MAX_GROUPS]]
    if ranked[MAX_GROUPS:]:
        groups.append(_group(sum((g for _, g in ranked[MAX_GROUPS:]), Counter()), bits, rest=True))
    return groups


def _group(patterns: Counter[int], bits: range, *, rest: bool = False) -> Group:
    holding = [sum(n for pattern, n in patterns.items() if pattern >> b & 1) for b in bits]
    return Group(patterns.total(), holding, rest)


def _coarsen(patterns: Counter[int], bits: int) -> int:
    """Choose by which observables (a bit mask) to group, so that the largest groups hold most accounts.

    Starts with all of them and gives up, one at a time, the one that splits the groups most.
    """
    mask = (1 << bits) - 1
    while _covered(patterns, mask) < ENOUGH_GROUPED * patterns.total():
        # Of equally good ones the last goes: the strongest observables come first.
        mask = max((mask & ~(1 << b) for b in range(bits) if mask >> b & 1), key=lambda m: (_covered(patterns, m), m))
    return mask


def _covered(patterns: Counter[int], mask: int) -> int:
    sizes: Counter[int] = Counter()
    for pattern, size in patterns.items():
        sizes[pattern & mask] += size
    return sum(size for _, size in sizes.most_common(MAX_GROUPS))


def _holders(sightings: pa.Table, signal: str, key: str) -> list[str]:
    value = signed(key)
    if value is None:
        return []
    observable = pa.scalar(value, pa.int64())
    mine = pc.and_(pc.equal(sightings["signal"], signal), pc.equal(sightings["observable"], observable))
    holders: list[str] = sightings.filter(mine)["account"].to_pylist()
    return holders


def _draw(groups: Sequence[Group], shared: Sequence[Observable], members: int) -> Graph:
    height = max(len(shared) * ROW, len(groups) * (2 * MAX_RADIUS + 20))
    largest = max(g.size for g in groups)
    left = [_group_node(g, HEAD + (i + 0.5) * height / len(groups), largest) for i, g in enumerate(groups)]
    right = [_observable_node(o, HEAD + (i + 0.5) * height / len(shared), members) for i, o in enumerate(shared)]
    edges = [
        _edge(left[g], right[o], holding / members, holding / group.size, shared[o].bits)
        for g, group in enumerate(groups)
        for o, holding in enumerate(group.holding)
        if holding >= LEAST_OF_GROUP * group.size
    ]
    return Graph(WIDTH, height + HEAD, left, right, edges, _says(groups, shared, members))


def _group_node(group: Group, y: float, largest: int) -> Node:
    radius = max(4.0, MAX_RADIUS * sqrt(group.size / largest))
    return Node(GROUP_X, round(y - 6, 1), round(radius, 1), words.count(group.size), "others" if group.rest else "")


def _observable_node(one: Observable, y: float, members: int) -> Node:
    text = words.visible(f"{one.kind}: {one.label}")
    label = text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
    elsewhere = "" if one.elsewhere is None else f", {words.count(one.elsewhere)} in comparison"
    radius = 3 + 6 * sqrt(min(1.0, one.holders / members))
    small = f"{words.count(one.holders)} of {words.count(members)}{elsewhere}"
    return Node(OBSERVABLE_X, round(y, 1), round(radius, 1), label, small)


def _edge(group: Node, observable: Node, share: float, of_group: float, bits: float | None) -> Edge:
    start, end = group.x + group.radius, observable.x - observable.radius
    middle = round((start + end) / 2, 1)
    path = f"M{start:.1f} {group.y}C{middle} {group.y} {middle} {observable.y} {end:.1f} {observable.y}"
    telling = 1.0 if bits is None else min(1.0, max(0.0, bits) / TELLING_BITS)
    return Edge(path, round(1 + 6 * sqrt(min(1.0, share)), 2), round(0.08 + 0.5 * telling * min(1.0, of_group), 2))


def _says(groups: Sequence[Group], shared: Sequence[Observable], members: int) -> str:
    first = groups[0]
    held = dict.fromkeys(
        o.kind for o, holding in zip(shared, first.holding, strict=True) if holding >= NEARLY_ALL * first.size
    )
    shown = sum(g.size for g in groups)
    who = "All members" if shown == members else f"{words.count(shown)} of {words.several(members, 'member')}"
    if len(groups) == 1:
        return f"{who} and how many of them hold each observable."
    return (
        f"{who}, grouped by what they hold. Nearly all of the first group, {words.several(first.size, 'account')}, "
        f"share: {words.listing(held) or 'none of these'}. Stronger lines weigh more, wider ones are more accounts."
    )
