"""Cells after the mixture: which of their strands are members, and which values hold them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillwatch.detect.codes import Background, Codes, Numbered, encode, encode_all, number_all
from stillwatch.detect.kernels import weigh_families
from stillwatch.detect.mixture import FAMILIES, Membership, settle
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
SUM_ERROR = 1e-6
"""More than weights' sums of a million strands can differ by for the order in which they are added."""
_CONTENT = FAMILIES.index(Family.CONTENT)
Flags = npt.NDArray[np.bool_]


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


def are_linked(bits: Floats, probability: Floats) -> Flags:
    """Say which strands families other than content hold by so much that it makes members of them."""
    return _are_linked(*_links(bits), probability)


def _links(bits: Floats) -> tuple[Floats, Floats]:
    """Return what families other than content say together, and what the one that says most does."""
    total, most = np.empty(len(bits)), np.empty(len(bits))
    weigh_families(bits, _CONTENT, total, most)
    return total, most


def _are_linked(total: Floats, most: Floats, probability: Floats) -> Flags:
    members: Flags = (probability >= MIN_PROBABILITY) & (total >= MIN_LINK_BITS) & (most >= MIN_FAMILY_BITS)
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
    numbered = number_all(observed, background)
    rows = _lay_out(strands, numbered, population, background)
    at = population.index(strands.account)[rows.strand]
    owner = population.owner[at]
    weight = entity_weights(owner, rows.cell)
    codes = encode_all(numbered, rows.cell, rows.strand)
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


def _lay_out(strands: Strands, numbered: Sequence[Numbered], population: Population, background: Background) -> _Rows:
    everything = np.arange(len(strands))
    template = strands.cell_kind[strands.cell] != USE
    pieces = [everything[template]]
    sources = [strands.cell[template]]
    use_cells = np.flatnonzero(strands.cell_kind == USE)
    for cell in use_cells:
        for members in _seeds(strands, int(cell), numbered, population, background):
            pieces.append(members)
            sources.append(np.full(len(members), cell))
    numbers: list[Ints] = [strands.cell[template]]
    following = len(strands.cell_kind)
    for piece in pieces[1:]:
        numbers.append(np.full(len(piece), following))
        following += 1
    return _Rows(np.concatenate(pieces), np.concatenate(numbers), np.concatenate(sources))


def _seeds(
    strands: Strands, cell: int, numbered: Sequence[Numbered], population: Population, background: Background
) -> list[Ints]:
    """Return, for one kind of use, the holders of each observable that is surprisingly common among its strands."""
    mine = np.flatnonzero(strands.cell == cell)
    entity = population.entity[population.index(strands.account[mine])]
    if len(np.unique(entity)) < MIN_ENTITIES:
        return []
    zeros = np.zeros(len(mine), np.int64)
    found: list[tuple[float, str, int, Ints]] = []
    for one in numbered:
        if not one.observed.signal.seeds:
            continue
        codes = encode(one, zeros, mine)
        held = np.bincount(codes.code[codes.code >= 0], minlength=len(codes.code_cell))
        everybody = codes.known[0] if codes.known else float(len(background.account))
        rate = (np.maximum(codes.base_all - held, 0.0) + 0.5) / (everybody + 1.0)
        lift = np.log2(np.maximum(held, 0.5) / len(mine) / rate)
        surprise = held * lift
        good = np.flatnonzero((held >= MIN_ENTITIES) & (lift >= MIN_LIFT_BITS) & (surprise >= MIN_SEED_BITS))
        for code in good:
            members = mine[codes.code == code]
            if len(np.unique(entity[codes.code == code])) >= MIN_ENTITIES:
                found.append((float(surprise[code]), codes.name, int(codes.code_observable[code]), members))
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
    linked, most = _links(membership.bits)
    ok = _are_linked(linked, most, membership.probability)
    of_use = strands.cell_kind[rows.source] == USE
    use = np.flatnonzero(of_use & ok)
    ok[use] = _are_habits(strands.calls[rows.strand[use]], sent[use], membership.bits[use])
    sets = np.where(of_use, -1, turns[rows.strand])
    ok |= sets >= 0
    cells: list[Cell] = []
    likely = ~of_use & ~ok & (membership.probability >= MIN_PROBABILITY) & (linked >= 0.0)
    for at in _worth_a_look(rows.cell, weight * ok):
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


def _are_habits(calls: Ints, sent: Ints, bits: Floats) -> Flags:
    """Say which strands of a use are a habit of their accounts that enough speaks for; ``sent`` counts all calls."""
    second = np.partition(bits, -2, axis=1)[:, -2]
    habit = (calls >= MIN_USE_CALLS) | (calls == sent)
    found: Flags = habit & (bits.sum(axis=1) >= MIN_USE_BITS) & (second >= MIN_SECOND_BITS)
    return found


def _worth_a_look(cell: Ints, accepted: Floats) -> Iterator[Ints]:
    """Yield the rows of each cell that may have enough accepted entities: of tens of thousands, most have not."""
    # Sums in another order differ in the last digits: the cell itself is asked once more.
    enough = np.bincount(cell, weights=accepted) >= MIN_ENTITIES - SUM_ERROR
    some = np.flatnonzero(enough[cell])
    some = some[np.argsort(cell[some], kind="stable")]
    bounds = np.flatnonzero(np.diff(cell[some])) + 1
    yield from np.split(some, bounds) if len(some) else ()


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
        bits = np.bincount(inverse, weights=membership.by_signal[c.name].of(inside[has])) / counts
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
