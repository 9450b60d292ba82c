"""Cells after the mixture: which of their strands are members, and which values hold them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillwatch.detect.mixture import FAMILIES, Background, Codes, Membership, encode, encode_all, settle
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import MIN_ENTITIES, USE, Floats, Ints, Population, Strands, entity_weights
from stillwatch.records import Family

MIN_LIFT_BITS = 2.0
"""A seed's observable is at least four times as common in its cell as among everybody."""
MIN_SEED_BITS = 15.0
"""And its holders together are surprising by at least this much."""
MAX_SEEDS = 64
"""Seeds weighed per cell, the most surprising first."""
MIN_LINK_BITS = 3.0
"""A strand is a member if families other than content hold it with at least this weight,"""
MIN_FAMILY_BITS = 1.5
"""one of them alone with at least this,"""
MIN_USE_BITS = 8.0
"""In a cell of use, where wording does not hold strands together, all families together must make it 256 to one,"""
MIN_SECOND_BITS = 1.0
"""and a second family must speak for it: the value that seeded the cell is what all its strands have in common."""
MIN_USE_CALLS = 2
"""One such call is no habit, unless the account sends nothing else."""
MIN_PROBABILITY = 0.8
"""and it more probably belongs than not, by four to one."""
_LINKED = [f is not Family.CONTENT for f in FAMILIES]


@dataclass(frozen=True)
class Cell:
    """A cell after the mixture: accepted strands (numbers), their weights, and their bits."""

    kind: int
    value: int
    words: int
    strands: Ints
    weight: Floats
    bits: Floats
    own_bits: Floats
    probability: Floats
    holders: int
    rows: Ints | None = None
    likely: Ints | None = None
    """Strands that more probably belong than not but are linked by less than a member must be,"""
    likely_bits: Floats | None = None
    """and their bits, all families together."""
    turns: int = -1
    """The set of wordings that its strands take turns with, -1 for none."""
    observables: tuple[tuple[str, str, int, float, float, float], ...] = ()
    """(signal, family, observable, members that hold it, other background accounts that do, bits), strongest first."""


@dataclass(frozen=True)
class _Rows:
    """Strands laid out by cell; a seed repeats the strands of its use cell that hold its observable."""

    strand: Ints
    cell: Ints
    source: Ints


@dataclass(frozen=True)
class WeighedCells:
    """The accepted cells, and what they were weighed with."""

    cells: list[Cell]
    codes: Sequence[Codes]
    membership: Membership
    in_background: Floats

    def explain(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return the cells with the values that hold them together; kept for last, for few cells end in a group."""
        return [
            replace(c, observables=_observables(self.codes, self.membership, self.in_background, c.rows)) for c in cells
        ]


def are_linked(bits: Floats, probability: Floats) -> npt.NDArray[np.bool_]:
    """Say which strands families other than content hold by so much that it makes members of them."""
    linked = bits[:, _LINKED]
    most, least = linked.sum(axis=1) >= MIN_LINK_BITS, linked.max(axis=1) >= MIN_FAMILY_BITS
    members: npt.NDArray[np.bool_] = (probability >= MIN_PROBABILITY) & most & least
    return members


def weigh_cells(
    strands: Strands,
    observed: Sequence[Observed],
    population: Population,
    background: Background,
    *,
    turns: Ints | None = None,
) -> WeighedCells:
    """Weigh the strands of every cell and seed, and accept members, those that take turns whatever links them.

    ``turns`` numbers the set of wordings with which each strand takes turns, -1 where it does not (``turns.py``); no
    strand does where it is not given.
    """
    if turns is None:
        turns = np.full(len(strands), -1)
    rows = _lay_out(strands, observed, population, background)
    at = population.index(strands.account)[rows.strand]
    owner = population.owner[at]
    weight = entity_weights(owner, rows.cell)
    codes = encode_all(observed, rows.cell, rows.strand, background)
    strata = _background_flags(strands, background)
    membership = settle(
        codes,
        cell=rows.cell,
        entity=owner,
        weight=weight,
        strata=[flags[rows.strand] for flags in strata],
        background=background,
    )
    return WeighedCells(
        _accept(strands, population.calls[at], rows, weight, membership, turns=turns),
        codes,
        membership,
        strata[0][rows.strand],
    )


def _background_flags(strands: Strands, background: Background) -> list[Floats]:
    at = np.searchsorted(background.account, strands.account).clip(0, len(background.account) - 1)
    inside = background.account[at] == strands.account
    return [(inside & stratum[at]).astype(float) for stratum in background.strata]


def _lay_out(strands: Strands, observed: Sequence[Observed], population: Population, background: Background) -> _Rows:
    everything = np.arange(len(strands))
    template = strands.cell_kind[strands.cell] != USE
    pieces = [everything[template]]
    sources = [strands.cell[template]]
    use_cells = np.flatnonzero(strands.cell_kind == USE)
    for cell in use_cells:
        for members in _seeds(strands, int(cell), observed, population, background):
            pieces.append(members)
            sources.append(np.full(len(members), cell))
    numbers: list[Ints] = [strands.cell[template]]
    following = len(strands.cell_kind)
    for piece in pieces[1:]:
        numbers.append(np.full(len(piece), following))
        following += 1
    return _Rows(np.concatenate(pieces), np.concatenate(numbers), np.concatenate(sources))


def _seeds(
    strands: Strands, cell: int, observed: Sequence[Observed], population: Population, background: Background
) -> list[Ints]:
    """Return, for one kind of use, the holders of each observable that is surprisingly common among its strands."""
    mine = np.flatnonzero(strands.cell == cell)
    entity = population.entity[population.index(strands.account[mine])]
    if len(np.unique(entity)) < MIN_ENTITIES:
        return []
    zeros = np.zeros(len(mine), np.int64)
    found: list[tuple[float, str, int, Ints]] = []
    for one in observed:
        if not one.signal.seeds:
            continue
        codes = encode(one, zeros, mine, background)
        held = np.bincount(codes.code[codes.code >= 0], minlength=len(codes.code_cell))
        everybody = codes.known[0] if codes.known else float(len(background.account))
        rate = (np.maximum(codes.base_all - held, 0.0) + 0.5) / (everybody + 1.0)
        lift = np.log2(np.maximum(held, 0.5) / len(mine) / rate)
        surprise = held * lift
        good = np.flatnonzero((held >= MIN_ENTITIES) & (lift >= MIN_LIFT_BITS) & (surprise >= MIN_SEED_BITS))
        for code in good:
            members = mine[codes.code == code]
            if len(np.unique(entity[codes.code == code])) >= MIN_ENTITIES:
                found.append((float(surprise[code]), one.signal.name, int(codes.code_observable[code]), members))
    found.sort(key=lambda f: (-f[0], f[1], f[2]))
    return [members for _, _, _, members in found[:MAX_SEEDS]]


def _accept(
    strands: Strands,
    sent: Ints,
    rows: _Rows,
    weight: Floats,
    membership: Membership,
    *,
    turns: Ints,
) -> list[Cell]:
    """Accept members; ``sent`` counts all calls of each row's account."""
    linked = membership.bits[:, _LINKED]
    ok = are_linked(membership.bits, membership.probability)
    of_use = strands.cell_kind[rows.source] == USE
    second = np.partition(membership.bits, -2, axis=1)[:, -2]
    calls = strands.calls[rows.strand]
    habit = (calls >= MIN_USE_CALLS) | (calls == sent)
    ok &= ~of_use | (habit & (membership.bits.sum(axis=1) >= MIN_USE_BITS) & (second >= MIN_SECOND_BITS))
    sets = np.where(of_use, -1, turns[rows.strand])
    ok |= sets >= 0
    cells: list[Cell] = []
    likely = ~of_use & ~ok & (membership.probability >= MIN_PROBABILITY) & (linked.sum(axis=1) >= 0.0)
    order = np.argsort(rows.cell, kind="stable")
    bounds = np.flatnonzero(np.diff(rows.cell[order])) + 1
    for at in np.split(order, bounds):
        inside = at[ok[at]]
        if weight[inside].sum() < MIN_ENTITIES:
            continue
        source = int(rows.source[at[0]])
        cells.append(
            Cell(
                int(strands.cell_kind[source]),
                int(strands.cell_value[source]),
                int(strands.cell_words[source]),
                rows.strand[inside],
                weight[inside],
                membership.bits[inside],
                membership.own_bits[inside],
                membership.probability[inside],
                len(at),
                inside,
                rows.strand[at[likely[at]]],
                membership.bits[at[likely[at]]].sum(axis=1),
                turns=int(sets[at].max()),
            )
        )
    return cells


def _observables(
    codes: Sequence[Codes], membership: Membership, in_background: Floats, inside: Ints | None
) -> tuple[tuple[str, str, int, float, float, float], ...]:
    out: list[tuple[str, str, int, float, float, float]] = []
    if inside is None:
        return ()
    for c in codes:
        code = c.code[inside]
        has = code >= 0
        if not has.any():
            continue
        values, inverse, counts = np.unique(code[has], return_inverse=True, return_counts=True)
        bits = np.bincount(inverse, weights=membership.by_signal[c.name][inside][has]) / counts
        known = np.bincount(inverse, weights=in_background[inside][has])
        for v, n, b, k in zip(values, counts, bits, known, strict=True):
            if n >= 2 and b >= 1.0:
                out.append(
                    (
                        c.name,
                        str(c.family),
                        int(c.code_observable[v]),
                        float(n),
                        max(0.0, float(c.base_all[v]) - float(k)),
                        float(b),
                    )
                )
    out.sort(key=lambda o: (-o[5] * o[3], o[0], o[2]))
    return tuple(out[:24])
