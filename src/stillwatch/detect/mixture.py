"""Who belongs together inside a cell: a two-class mixture, as in record linkage.

Each strand either belongs to the campaign of its cell or is background that came upon the same content by itself. The
campaign's distribution over each signal's observables is learnt by expectation maximisation (Dempster, Laird and
Rubin 1977; for linkage Winkler 1988), the background's is fixed by the accounts outside. A strand's log likelihood
ratio is its match weight in bits (Fellegi and Sunter 1969). Its own vote is left out when it is weighed, so that
nothing confirms itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.detect.codes import Background, Codes
from stillwatch.detect.kernels import Held, Votes, add_odds, add_up, compare, gather, raise_rates
from stillwatch.detect.strands import Floats, Ints
from stillwatch.detect.threads import each
from stillwatch.detect.votes import Owners
from stillwatch.records import OWN_FAMILIES, Family

ROUNDS = 6
"""Membership settles in three or four rounds on all traffic tried; six leave a margin."""
PRIOR_STRENGTH = 2.0
"""The campaign's distribution starts as two accounts' worth of background (additive smoothing)."""
REST_SHARE = 0.25
"""Observables of one family depend on each other: beside the strongest, the others count a quarter."""
MIN_BITS = -4.0
"""One disagreement may be a data error: it costs at most four bits."""
MIN_STRATUM = 50.0
"""A stratum of fewer accounts says too little about anybody."""
FAMILIES = OWN_FAMILIES


@dataclass(frozen=True)
class Heard:
    """What one signal says: the rows that hold an observable of it, in ascending order, and the bits of each."""

    rows: Ints
    bits: Floats

    def of(self, rows: Ints) -> Floats:
        """Return the bits of these rows, all of which hold one."""
        return self.bits[np.searchsorted(self.rows, rows)]


@dataclass(frozen=True)
class Membership:
    """Per strand: probability of belonging, and bits by family (in the order of FAMILIES).

    ``own_bits`` leaves out the signals that see only which program an account uses.
    """

    probability: Floats
    bits: Floats
    own_bits: Floats
    by_signal: dict[str, Heard]


def settle(
    codes: Sequence[Codes],
    *,
    cell: Ints,
    entity: Ints,
    weight: Floats,
    strata: Sequence[Floats],
    background: Background,
) -> Membership:
    """Iterate membership and profiles over all cells at once.

    ``entity`` names each row's declared owner: its votes are left out when one of its accounts is weighed. ``weight``
    counts each entity once; ``strata`` are 1 where the strand's account is one of each stratum of
    the background: members are taken out of the background they are compared with.
    """
    cells = int(cell.max()) + 1 if len(cell) else 0
    probability = np.full(len(cell), 0.9)
    everything = np.arange(len(cell))
    outside = [np.flatnonzero(flag) for flag in strata]
    company = np.flatnonzero(weight < 1.0)
    owners = Owners.of(cell, entity, company)
    seen = [_Seen.of(c, cell, outside, Owners.of(c.code, entity, company)) for c in codes]
    sizes = [float(stratum.sum()) for stratum in background.strata]
    entities = _sums(everything, cell, weight, cells)
    for _ in range(ROUNDS):
        own = probability * weight
        total = _sums(everything, cell, own, cells)
        inside = [_sums(rows, cell[rows], probability, cells) for rows in outside]
        left = [np.maximum(size - gone, 0.0) for size, gone in zip(sizes, inside, strict=True)]
        standing = _Round(probability, own, total, owners.sums(own), left)
        weighed = each(lambda one, standing=standing: one.weigh(standing), seen)
        bits = _by_family(seen, weighed, len(cell))
        share = (total + 1.0) / (entities + 2.0)
        odds = np.log2(share / (1.0 - share)).clip(-3.0, 3.0)
        add_odds(bits, odds, cell, probability := np.empty(len(cell)))
        # In place: 1 / (1 + 2 ** -odds).
        np.negative(probability.clip(-60, 60, out=probability), out=probability)
        np.exp2(probability, out=probability)
        probability += 1.0
        np.divide(1.0, probability, out=probability)
    by_signal = {s.codes.name: Heard(s.held.rows, found) for s, found in zip(seen, weighed, strict=True)}
    return Membership(probability, bits, _without_tools(bits, seen, weighed), by_signal)


def _sums(rows: Ints, number: Ints, votes: Floats, numbers: int) -> Floats:
    """Add up the votes of these rows by the number that stands for each."""
    out = np.zeros(numbers)
    add_up(rows, number, votes, out)
    return out


@dataclass(frozen=True)
class _Round:
    """What a round starts with: by row, each one's probability, vote and owner's votes; by cell, all votes.

    ``left`` counts, for each stratum of the background, the accounts outside each cell.
    """

    probability: Floats
    own: Floats
    total: Floats
    owner: Floats
    left: Sequence[Floats]


@dataclass(frozen=True)
class _Seen:
    """What does not change from round to round: the rows that hold an observable of a signal, in both strata too."""

    codes: Codes
    held: Held
    strata: tuple[tuple[Ints, Ints], ...]
    """For each stratum of the background, the rows of its accounts and their codes."""
    owners: Owners

    @classmethod
    def of(cls, codes: Codes, cell: Ints, strata: Sequence[Ints], owners: Owners) -> _Seen:
        """Find the rows of a signal; ``strata`` are those of each stratum's accounts."""
        holds = codes.code >= 0
        inside = [at[holds[at]] for at in strata]
        rows = np.flatnonzero(holds)
        held = Held(rows, codes.code, cell) if holds.all() else Held(rows, codes.code[rows], cell[rows])
        return cls(codes, held, tuple((at, codes.code[at]) for at in inside), owners)

    def weigh(self, standing: _Round) -> Floats:
        """Return the bits of each row that holds an observable."""
        held, codes = self.held, self.codes
        # Where every row holds an observable, the cells' votes are known.
        whole = len(held.rows) == len(standing.own)
        total = standing.total if whole else _sums(held.rows, held.cell, standing.own, len(standing.total))
        of_code = _sums(held.rows, held.code, standing.own, len(codes.code_cell))
        votes = Votes(of_code, total, self.owners.sums(standing.own), standing.owner)
        bits = np.empty(len(held.rows))
        compare(held, votes, self._base(standing), PRIOR_STRENGTH, bits)
        return np.log2(bits, out=bits).clip(MIN_BITS, codes.max_bits, out=bits)

    def _base(self, standing: _Round) -> Floats:
        """Return for each code the greatest rate of any stratum of the background."""
        codes = self.codes
        base = np.zeros(len(codes.code_cell))
        for stratum, (rows, code) in enumerate(self.strata):
            members = _sums(rows, code, standing.probability, len(base))
            left = standing.left[stratum]
            if codes.known:
                seen = _sums(rows, codes.code_cell[code], standing.probability, len(left))
                left = np.maximum(codes.known[stratum] - seen, 0.0)
            raise_rates(codes.base[stratum], members, codes.code_cell, left, MIN_STRATUM, base)
        return np.maximum(np.where(base > 0, base, 0.5), 1e-6)


def _by_family(seen: Sequence[_Seen], weighed: Sequence[Floats], rows: int) -> Floats:
    """Add up the bits of each family."""
    bits = np.zeros((rows, len(FAMILIES)))
    heard = list(zip(seen, weighed, strict=True))
    each(lambda family: _add_up(heard, family, bits), FAMILIES)
    return bits


def _without_tools(bits: Floats, seen: Sequence[_Seen], weighed: Sequence[Floats]) -> Floats:
    """Return the bits by family, without the signals that see only a program."""
    own = bits.copy()
    heard = [(one, found) for one, found in zip(seen, weighed, strict=True) if not one.codes.of_tool]
    each(lambda family: _add_up(heard, family, own), {one.codes.family for one in seen if one.codes.of_tool})
    return own


def _add_up(heard: Sequence[tuple[_Seen, Floats]], family: Family, bits: Floats) -> None:
    """Write a family's column: its strongest signal, a share of the others that speak for, and half the worst."""
    rows = len(bits)
    strongest, gains, worst = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for one, found in heard:
        if one.codes.family is family:
            gather(one.held.rows, found, strongest, gains, worst)
    # In place: strongest + REST_SHARE * (gains - strongest) + 0.5 * worst.
    gains -= strongest
    gains *= REST_SHARE
    gains += strongest
    worst *= 0.5
    np.add(gains, worst, out=bits[:, FAMILIES.index(family)])
