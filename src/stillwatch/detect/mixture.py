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
import numpy.typing as npt

from stillwatch.detect.columns import numbered
from stillwatch.detect.kernels import Held, Votes, add_up, compare, gather, raise_rates
from stillwatch.detect.observe import Edges, Observed
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
class Codes:
    """One signal over the strands: ``code`` numbers (cell, observable) pairs, -1 where the strand has none.

    ``base`` counts, for each code, the background accounts that hold the observable, by stratum of ``Background``.
    Where the signal is partial, ``known`` counts those of each stratum of whom it says anything.
    """

    name: str
    family: Family
    max_bits: float
    of_tool: bool
    code: Ints
    code_cell: Ints
    code_observable: Ints
    base: tuple[Floats, ...]
    known: tuple[float, ...] | None = None

    @property
    def base_all(self) -> Floats:
        """Of all background accounts, how many hold each observable."""
        return self.base[0]


@dataclass(frozen=True)
class Background:
    """The accounts that stand for everybody: keys in ascending order, and which of them hardly ever follow up."""

    account: Ints
    single_turn: npt.NDArray[np.bool_]

    @property
    def strata(self) -> list[npt.NDArray[np.bool_]]:
        """Who is in each stratum: everybody, and those that hardly ever follow up."""
        return [np.ones(len(self.account), bool), self.single_turn]


@dataclass(frozen=True)
class Membership:
    """Per strand: probability of belonging, and bits by family (in the order of FAMILIES).

    ``own_bits`` leaves out the signals that see only which program an account uses.
    """

    probability: Floats
    bits: Floats
    own_bits: Floats
    by_signal: dict[str, Floats]


def encode(observed: Observed, cell: Ints, strand_of: Ints, background: Background) -> Codes:
    """Give each strand its most shared observable of one signal within its cell.

    ``strand_of`` maps rows (one a strand and cell; seeds repeat a strand in several cells) to strand numbers.
    """
    edges = observed.strands
    start, stop = edges.bounds(strand_of)
    counts = stop - start
    row = np.repeat(np.arange(len(strand_of)), counts)
    at = np.repeat(start - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    values, value = numbered(edges.observable[at])
    pair, pair_code = numbered(cell[row] * np.int64(max(1, len(values))) + value)
    holders = np.bincount(pair_code, minlength=len(pair))
    code = np.full(len(strand_of), -1, np.int64)
    best = _most_shared(row, holders[pair_code], edges.calls[at])
    # Only what is some strand's most shared observable is counted from here on: a tenth of what many addresses leave.
    used = np.zeros(len(pair), bool)
    used[pair_code[best]] = True
    code[row[best]] = (np.cumsum(used) - 1)[pair_code[best]]
    pair = pair[used]
    observable = values[pair % max(1, len(values))] if len(values) else pair
    return Codes(
        observed.signal.name,
        observed.signal.family,
        observed.signal.max_bits,
        observed.signal.of_tool,
        code,
        pair // max(1, len(values)),
        observable,
        _background_counts(observed.background, background, observable),
        _known(observed.background, background) if observed.signal.partial else None,
    )


def _most_shared(row: Ints, holders: Ints, calls: Ints) -> Ints:
    """Return for each row its edge of most holders, then most calls, then the first; rows stand together."""
    new = np.ones(len(row), bool)
    new[1:] = row[1:] != row[:-1]
    start = np.flatnonzero(new)
    if len(start) == len(row):
        return start
    length = np.diff(np.concatenate([start, [len(row)]]))
    good = holders == np.repeat(np.maximum.reduceat(holders, start), length)
    left = np.where(good, calls, -1)
    chosen = np.flatnonzero(left == np.repeat(np.maximum.reduceat(left, start), length))
    first: Ints = chosen[np.concatenate([[True], row[chosen][1:] != row[chosen][:-1]])]
    return first


def _background_counts(edges: Edges, background: Background, observable: Ints) -> tuple[Floats, ...]:
    known, inverse = edges.distinct
    if not len(known):
        return tuple(np.zeros(len(observable)) for _ in background.strata)
    at = np.searchsorted(known, observable).clip(0, len(known) - 1)
    found = known[at] == observable
    unit = np.searchsorted(background.account, edges.unit)
    counts = [np.bincount(inverse, weights=stratum[unit], minlength=len(known)) for stratum in background.strata]
    return tuple(np.where(found, c[at], 0.0) for c in counts)


def _known(edges: Edges, background: Background) -> tuple[float, ...]:
    """Count the accounts of each stratum that a signal saw."""
    at = np.searchsorted(background.account, np.unique(edges.unit))
    return tuple(float(stratum[at].sum()) for stratum in background.strata)


def encode_all(observed: Sequence[Observed], cell: Ints, strand_of: Ints, background: Background) -> list[Codes]:
    """Encode every signal."""
    return each(lambda o: encode(o, cell, strand_of, background), observed)


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
        probability = 1.0 / (1.0 + np.exp2(-(bits.sum(axis=1) + odds[cell]).clip(-60, 60)))
    own_bits = _by_family(seen, weighed, len(cell), of_tool=False)
    by_signal = {s.codes.name: s.spread(found, len(cell)) for s, found in zip(seen, weighed, strict=True)}
    return Membership(probability, bits, own_bits, by_signal)


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

    def spread(self, bits: Floats, rows: int) -> Floats:
        """Return the bits of all rows, 0 for those that hold nothing."""
        out = np.zeros(rows)
        out[self.held.rows] = bits
        return out


def _by_family(seen: Sequence[_Seen], weighed: Sequence[Floats], rows: int, *, of_tool: bool = True) -> Floats:
    """Add up the bits of each family; with or without the signals that see only a program."""
    bits = np.zeros((rows, len(FAMILIES)))

    def fill(column: int) -> None:
        strongest, gains, worst = np.zeros(rows), np.zeros(rows), np.zeros(rows)
        for one, found in zip(seen, weighed, strict=True):
            if one.codes.family is FAMILIES[column] and (of_tool or not one.codes.of_tool):
                gather(one.held.rows, found, strongest, gains, worst)
        # In place: strongest + REST_SHARE * (gains - strongest) + 0.5 * worst.
        gains -= strongest
        gains *= REST_SHARE
        gains += strongest
        worst *= 0.5
        np.add(gains, worst, out=bits[:, column])

    each(fill, range(len(FAMILIES)))
    return bits
