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

Json = dict[str, Any]
MAX_TEMPLATES = 3
MAX_OBSERVABLES = 12
"""More lines than these cannot be told apart on a phone."""
MAX_GROUPS = 6
WIDTH = 400
"""Drawn for the narrowest screen, so that its text is never smaller than the page's small print."""
ROW = 42
GROUP_X, OBSERVABLE_X = 44, 172
MAX_RADIUS = 24
MAX_LABEL = 33
"""Characters of 12 units that fit between an observable and the right edge."""
TEMPLATE_SIGNAL = "shared_template"

SIGNAL_NAMES = {
    TEMPLATE_SIGNAL: "prompt template",
    "address": "client address",
    "prefix": "client network",
    "asn": "network operator",
    "tls_fingerprint": "TLS fingerprint",
    "parameters": "sampling parameters",
    "payment": "payment instrument",
    "device": "sign-up device",
    "email_domain": "e-mail domain",
    "sign_up": "hour of sign-up",
    "start_day": "day of the first call",
    "stop_day": "day of the last call",
    "round_the_clock": "hours of the day",
    "lockstep": "same active hours",
    "workload": "number of calls",
    "follow_ups": "rate of follow-ups",
    "caching": "use of the cache",
    "ceiling_use": "use of the output ceiling",
    "model_switch": "day of changing models",
    "cue_signature": "what the wording asks for",
    "artefact": "opaque blob in the prompt",
}
"""Signals whose names do not read as words; any other is written with spaces."""


@dataclass(frozen=True)
class Observable:
    """An observable that members share; ``bits`` is None for a template, whose weight is the answer's own."""

    signal: str
    family: str
    key: str
    label: str
    holders: int
    elsewhere: int | None
    bits: float | None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return SIGNAL_NAMES.get(self.signal, self.signal.replace("_", " "))


@dataclass(frozen=True)
class Node:
    """A circle with up to two lines of text."""

    x: float
    y: float
    radius: float
    text: str
    small: str
    family: str


@dataclass(frozen=True)
class Edge:
    """A curve from a group to an observable."""

    path: str
    width: float
    opacity: float


@dataclass(frozen=True)
class Graph:
    """The drawing, and what it shows in one sentence."""

    width: int
    height: int
    groups: list[Node]
    observables: list[Node]
    edges: list[Edge]
    says: str


def observables(campaign: Json) -> list[Observable]:
    """List what the members share: the largest templates, then the strongest observables."""
    streams = [s for s in campaign.get("substreams", []) if s.get("skeleton")]
    templates = [
        Observable(
            TEMPLATE_SIGNAL,
            "content",
            s["skeleton"],
            f"of {s.get('words', 0)} words",
            int(s.get("accounts", 0)),
            None,
            None,
        )
        for s in streams[:MAX_TEMPLATES]
    ]
    others = [
        Observable(
            str(o.get("signal", "unknown")),
            str(o.get("family", "unknown")),
            str(o.get("observable", "")),
            str(o.get("label") or str(o.get("observable", ""))[:8]),
            int(o.get("holders", 0)),
            o.get("holders_elsewhere"),
            o.get("bits"),
        )
        for o in campaign.get("observables", [])
    ]
    return templates + others


def graph(campaign: Json, sightings: pa.Table | None) -> Graph | None:
    """Draw the graph of a campaign; without sightings all members are one group. None if nothing is shared."""
    shared = observables(campaign)[:MAX_OBSERVABLES]
    if not shared:
        return None
    members = int(campaign.get("accounts", 0))
    groups = _groups(campaign, shared, sightings) or [(members, [o.holders for o in shared])]
    return _draw(groups, shared, members)


def _groups(
    campaign: Json, shared: Sequence[Observable], sightings: pa.Table | None
) -> list[tuple[int, list[int]]] | None:
    """Group accounts by which of the observables they hold: size, and holders of each; None if that cannot be told."""
    if sightings is None:
        return None
    held: dict[int, int] = {}
    for bit, one in enumerate(shared):
        for account in _holders(sightings, one.signal, one.key):
            held[account] = held.get(account, 0) | 1 << bit
    streams = campaign.get("substreams", [])
    if streams and all(s.get("skeleton") for s in streams):
        # An observable may be held by another campaign's members too; these templates are what makes a member of this one.
        mine = {a for s in streams for a in _holders(sightings, TEMPLATE_SIGNAL, s["skeleton"])}
        held = {a: pattern for a, pattern in held.items() if a in mine}
    if not held or len(held) > int(campaign.get("accounts", 0)):
        return None
    ranked = sorted(Counter(held.values()).items(), key=lambda p: (-p[1], p[0]))
    head = [
        (size, [size if pattern >> b & 1 else 0 for b in range(len(shared))]) for pattern, size in ranked[:MAX_GROUPS]
    ]
    tail = ranked[MAX_GROUPS:]
    if tail:
        head.append((sum(n for _, n in tail), [sum(n for p, n in tail if p >> b & 1) for b in range(len(shared))]))
    return head


def _holders(sightings: pa.Table, signal: str, key: str) -> list[int]:
    try:
        value = int(key, 16)
    except ValueError:
        return []
    signed = value - 2**64 if value >= 2**63 else value
    mine = pc.and_(
        pc.equal(sightings["signal"], signal), pc.equal(sightings["observable"], pa.scalar(signed, pa.int64()))
    )
    holders: list[int] = sightings.filter(mine)["account"].to_pylist()
    return holders


def _draw(groups: list[tuple[int, list[int]]], shared: Sequence[Observable], members: int) -> Graph:
    height = max(len(shared) * ROW, len(groups) * (2 * MAX_RADIUS + 22)) + 8
    largest = max(max(size for size, _ in groups), 1)
    left = [
        Node(
            GROUP_X,
            round((i + 0.5) * height / len(groups) - 6, 1),
            round(max(4.0, MAX_RADIUS * sqrt(size / largest)), 1),
            words.count(size),
            "others" if i == MAX_GROUPS else "",
            "",
        )
        for i, (size, _) in enumerate(groups)
    ]
    right = [
        Node(
            OBSERVABLE_X,
            round((i + 0.5) * height / len(shared), 1),
            _radius(o.holders, members),
            _label(o),
            _holding(o, members),
            o.family,
        )
        for i, o in enumerate(shared)
    ]
    edges = [
        _edge(left[g], right[o], holding / max(members, 1), holding / size)
        for g, (size, holders) in enumerate(groups)
        for o, holding in enumerate(holders)
        if holding
    ]
    size, holders = groups[0]
    common = [o.kind for o, holding in zip(shared, holders, strict=True) if holding]
    says = (
        f"{words.count(sum(n for n, _ in groups))} of {words.several(members, 'member')} in {words.several(len(groups), 'group')} "
        f"by what they hold. The largest, {words.several(size, 'account')}, holds: {words.listing(dict.fromkeys(common)) or 'none of these'}."
    )
    return Graph(WIDTH, height, left, right, edges, says)


def _radius(holders: int, members: int) -> float:
    return round(3 + 6 * sqrt(min(1.0, holders / max(members, 1))), 1)


def _label(one: Observable) -> str:
    text = words.visible(f"{one.kind}: {one.label}")
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"


def _holding(one: Observable, members: int) -> str:
    elsewhere = "" if one.elsewhere is None else f", {words.count(one.elsewhere)} elsewhere"
    return f"{words.count(one.holders)} of {words.count(members)}{elsewhere}"


def _edge(group: Node, observable: Node, of_members: float, of_group: float) -> Edge:
    start, end = group.x + group.radius, observable.x - observable.radius
    middle = round((start + end) / 2, 1)
    path = f"M{start:.1f} {group.y}C{middle} {group.y} {middle} {observable.y} {end:.1f} {observable.y}"
    return Edge(path, round(1 + 6 * sqrt(min(1.0, of_members)), 2), round(0.15 + 0.4 * min(1.0, of_group), 2))
