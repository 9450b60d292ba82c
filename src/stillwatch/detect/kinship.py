"""Which drafts are one campaign found in pieces, and which are two campaigns that a use brought together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations

import numpy as np

from stillwatch.detect.cells import MIN_LINK_BITS, Cell
from stillwatch.detect.drafts import Draft, Drafts, part_of, templates
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, USE, Floats, Ints
from stillwatch.records import Family

MIN_SHARED = 0.5
"""Two drafts are one campaign where this share of each one's calls in firm wording has wording that both send;"""
MIN_EXCLUSIVE = 0.5
"""wording counts if at least this share of all who send it are in drafts."""
MAX_DRAFTS = 8
"""Drafts looked at for one wording, those with the most senders first."""
MIN_COMMON = 0.1
"""Wordings are of one part where at least this share of the senders of one, and at least two, send wording of the
other."""
MIN_SHOWN = 3.0
"""Calls an account sends in a part's firm wording, on average, so that another part's would have shown."""
PERSONAL_FAMILIES = frozenset({Family.NETWORK, Family.IDENTITY})
"""The families that see who an account's user is,"""
PERSONAL = [f in PERSONAL_FAMILIES for f in FAMILIES]
"""and where they stand."""
HELD_BITS = 6.0
"""Bits of these from which an address or a paper holds an account whatever it sends: more than a network operator can
say."""


def unite(drafts: Drafts, cells: Sequence[Cell]) -> None:
    """Make one of drafts that send the same firm wording, until there are none."""
    contents = templates(cells, least_words=FIRM_WORDS)
    while pairs := _pairs(drafts, contents):
        for first, second in pairs:
            drafts.home[drafts.home == second] = first
            drafts.drafts[first].cells += drafts.drafts[second].cells
            drafts.drafts[second].cells = []
    drafts.recount()


def _pairs(drafts: Drafts, contents: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return pairs of drafts to unite, each draft in one pair at most."""
    sent = np.zeros(len(drafts.drafts))
    shared: dict[tuple[int, int], Floats] = defaultdict(lambda: np.zeros(2))
    for kind, value in contents:
        rows = drafts.strands.of_cell(kind, value)
        sends = drafts.number[rows]
        near, count = drafts.counts(sends)
        present = np.argsort(-count, kind="stable")[:MAX_DRAFTS]
        present = np.sort(present[count[present] >= 2])
        if count[present].sum() < MIN_EXCLUSIVE * len(sends):
            continue
        # By calls: what many send now and then (the questions of one public set) is less than what all send always.
        inside = drafts.home[sends] >= 0
        calls = np.bincount(drafts.home[sends[inside]], weights=drafts.strands.calls[rows[inside]])[near]
        sent[near] += calls
        for pair in combinations(present.tolist(), 2):
            shared[int(near[pair[0]]), int(near[pair[1]])] += calls[list(pair)]
    found, taken = [], set[int]()
    for pair, both in sorted(shared.items()):
        if (both >= MIN_SHARED * sent[list(pair)]).all() and not taken & set(pair):
            found.append(pair)
            taken |= set(pair)
    return found


def split(drafts: Drafts, values: Callable[[], Sequence[Ints]]) -> None:
    """Part drafts that a use brought together though their members never send each other's wording.

    A part takes its wording with it; in the uses each account follows its wording. Parts stay together where addresses
    or papers hold all of them, and hold them together: a class has a campus, a ring its proxies, and neither the
    other's. ``values`` gives the accounts that hold one address or paper, for each of these; few drafts need it.
    """
    values = cache(values)
    for number in range(len(drafts.drafts)):
        parts = _parts(drafts, number)
        if len(parts) > 1 and min(_held(drafts, p, number) for p in parts) >= MIN_LINK_BITS:
            parts = _bound_together(drafts, parts, number, values())
        if len(parts) < 2:
            continue
        follows = _followed(drafts, parts)
        cells = drafts.drafts[number].cells
        wordings = [c for c in cells if c.kind != USE]
        uses = [(c, follows[drafts.members(c)]) for c in cells if c.kind == USE]
        for place, part in enumerate(parts[1:], start=1):
            taken = set(templates(part, least_words=0))
            wordings = [c for c in wordings if (c.kind, c.value) not in taken]
            theirs = [part_of(c, where == place) for c, where in uses if (where == place).any()]
            drafts.drafts.append(Draft(max(drafts.harvest(c) for c in part), part + theirs))
        drafts.drafts[number].cells = wordings + [part_of(c, where == 0) for c, where in uses if (where == 0).any()]


def _followed(drafts: Drafts, parts: Sequence[Sequence[Cell]]) -> Ints:
    """Return for each account the part whose wording most of its calls send; the first for those that send none."""
    sent = np.zeros((len(parts), len(drafts.known)))
    for place, part in enumerate(parts):
        for content in templates(part, least_words=0):
            rows = drafts.strands.of_cell(*content)
            np.add.at(sent[place], drafts.number[rows], drafts.strands.calls[rows])
    first: Ints = sent.argmax(axis=0)
    return first


def _parts(drafts: Drafts, number: int) -> list[list[Cell]]:
    """Return the firm wordings of a draft, those with common senders together, the part with most senders first.

    Only parts of MIN_ENTITIES whose members send so many calls that another part's wording would have shown.
    """
    parts = [p for p in _linked_wordings(drafts, number) if _shows(drafts, p, number)]
    sizes = {id(p): len(np.unique(_members(drafts, p, number))) for p in parts}
    fit = [p for p in parts if sizes[id(p)] >= MIN_ENTITIES]
    return sorted(fit, key=lambda p: (-sizes[id(p)], p[0].kind, p[0].value))


def _linked_wordings(drafts: Drafts, number: int) -> list[list[Cell]]:
    cells = [c for c in drafts.drafts[number].cells if c.kind != USE and c.words >= FIRM_WORDS]
    place = np.full(len(drafts.known), -1, np.int64)
    parts: list[list[Cell]] = []
    for cell in sorted(cells, key=lambda c: (-len(c.strands), c.kind, c.value)):
        sends = drafts.senders(cell.kind, cell.value)
        sends = sends[drafts.home[sends] == number]
        known, count = np.unique(place[sends][place[sends] >= 0], return_counts=True)
        near = [int(p) for p, n in zip(known, count, strict=True) if n >= max(2.0, MIN_COMMON * len(sends))]
        home = near[0] if near else len(parts)
        if not near:
            parts.append([])
        parts[home].append(cell)
        place[sends[place[sends] < 0]] = home
        for other in near[1:]:
            parts[home] += parts[other]
            parts[other] = []
            place[place == other] = home
    return [p for p in parts if p]


def _bound_together(
    drafts: Drafts, parts: Sequence[list[Cell]], number: int, values: Sequence[Ints]
) -> list[list[Cell]]:
    """Make one of parts where as many accounts of each as MIN_SHARED of the smaller one hold values that both hold."""
    whole: list[list[Cell]] = []
    for part in parts:
        near = [w for w in whole if _are_bound(drafts, _members(drafts, w, number), part, number, values)]
        whole = [w for w in whole if not any(w is n for n in near)]
        whole.append([c for n in near for c in n] + part)
    return whole


def _are_bound(drafts: Drafts, one: Ints, part: Sequence[Cell], number: int, values: Sequence[Ints]) -> bool:
    inside = np.zeros((2, len(drafts.known)), bool)
    inside[0, one] = inside[1, _members(drafts, part, number)] = True
    common = [v for v in values if inside[:, v].any(axis=1).all()]
    if not common:
        return False
    bound = inside[:, np.unique(np.concatenate(common))].sum(axis=1)
    return bool((bound >= MIN_SHARED * inside.sum(axis=1).min()).all())


def _shows(drafts: Drafts, part: Sequence[Cell], number: int) -> bool:
    rows = np.concatenate([drafts.strands.of_cell(*content) for content in templates(part, least_words=0)])
    rows = rows[drafts.home[drafts.number[rows]] == number]
    return bool(drafts.strands.calls[rows].sum() >= MIN_SHOWN * len(np.unique(drafts.number[rows])))


def _members(drafts: Drafts, part: Sequence[Cell], number: int) -> Ints:
    accepted = np.concatenate([drafts.members(c) for c in part])
    inside: Ints = accepted[drafts.home[accepted] == number]
    return inside


def _held(drafts: Drafts, part: Sequence[Cell], number: int) -> float:
    """Return the mean bits by which addresses and papers hold the members of a part."""
    accepted = np.concatenate([drafts.members(c) for c in part])
    bits = np.concatenate([c.own_bits[:, PERSONAL].sum(axis=1) for c in part])
    return float(bits[drafts.home[accepted] == number].mean())
