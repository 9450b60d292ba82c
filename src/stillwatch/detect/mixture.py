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
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.strands import Floats, Ints
from stillwatch.detect.threads import each
from stillwatch.detect.votes import Owners, with_company
from stillwatch.records import OWN_FAMILIES, Family

ROUNDS = 6
"""Membership settles in three or four rounds on all traffic tried; six leave a margin."""
PRIOR_STRENGTH = 2.0
"""The campaign's distribution starts as two accounts' worth of background (additive smoothing)."""
REST_SHARE = 0.25
"""Observables of one family depend on each other: beside the strongest, the others count a quarter."""
MIN_BITS = -4.0
"""One disagreement may be a data error: it costs at most four bits."""
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
    held = [_Held.of(c, cell, strata) for c in codes]
    bits = np.zeros((len(cell), len(FAMILIES)))
    by_signal: dict[str, Floats] = {}
    company = with_company(cell, entity)
    owners = Owners.of(cell, entity, company)
    pairs = [Owners.of(c.code, entity, company) for c in codes]
    sizes = [float(stratum.sum()) for stratum in background.strata]
    for _ in range(ROUNDS):
        own = probability * weight
        total = np.bincount(cell, weights=own, minlength=cells).astype(np.float64)
        inside = [np.bincount(cell, weights=probability * flag, minlength=cells).astype(np.float64) for flag in strata]
        votes = owners.sums(own)
        weighed = each(
            lambda c, h, pair, own=own, votes=votes, total=total, probability=probability, inside=inside: _signal_bits(
                c, h, own, (votes, pair.sums(own)), total, probability, inside, sizes
            ),
            codes,
            held,
            pairs,
        )
        by_signal = {c.name: b for c, b in zip(codes, weighed, strict=True)}
        bits = _by_family(codes, by_signal, len(cell))
        share = (total + 1.0) / (np.bincount(cell, weights=weight, minlength=cells) + 2.0)
        odds = np.log2(share / (1.0 - share)).clip(-3.0, 3.0)
        probability = 1.0 / (1.0 + np.exp2(-(bits.sum(axis=1) + odds[cell]).clip(-60, 60)))
    own_bits = _by_family([c for c in codes if not c.of_tool], by_signal, len(cell))
    return Membership(probability, bits, own_bits, by_signal)


@dataclass(frozen=True)
class _Held:
    """What does not change from round to round: the rows that hold an observable of a signal, in both strata too."""

    rows: Ints
    code: Ints
    cell: Ints
    strata: tuple[tuple[Ints, Ints], ...]
    """For each stratum of the background, the rows of its accounts and their codes."""

    @classmethod
    def of(cls, codes: Codes, cell: Ints, flags: Sequence[Floats]) -> _Held:
        """Find the rows of a signal."""
        rows = np.flatnonzero(codes.code >= 0)
        strata = [rows[flag[rows] > 0] for flag in flags]
        return cls(rows, codes.code[rows], cell[rows], tuple((at, codes.code[at]) for at in strata))


def _signal_bits(  # noqa: PLR0917  (arrays that belong together only here)
    codes: Codes,
    held: _Held,
    own: Floats,
    owner_votes: tuple[Floats, Floats],
    total: Floats,
    probability: Floats,
    inside: Sequence[Floats],
    sizes: Sequence[float],
) -> Floats:
    # Where every row holds an observable, all sums over rows are known.
    whole, size_of = len(held.rows) == len(own), len(codes.code_cell)
    mine = own if whole else own[held.rows]
    holders = np.bincount(held.code, weights=mine, minlength=size_of)
    known_total = total if whole else np.bincount(held.cell, weights=mine, minlength=len(total))
    base = np.zeros(size_of)
    for counts, (rows, code), gone, size in zip(codes.base, held.strata, inside, codes.known or sizes, strict=True):
        members = np.bincount(code, weights=probability[rows], minlength=size_of)
        seen = np.bincount(codes.code_cell[code], weights=probability[rows], minlength=len(total))
        left = np.maximum(size - (seen if codes.known else gone), 0.0)[codes.code_cell]
        # A stratum of fewer than fifty accounts says too little about anybody.
        rate = (np.maximum(counts - members, 0.0) + 0.5) / (left + 1.0)
        base = np.maximum(base, np.where(left >= 50.0, rate, 0.0))
    base = np.maximum(np.where(base > 0, base, 0.5), 1e-6)
    usual = base[held.code]
    learnt = np.maximum(holders[held.code] - owner_votes[1][held.rows], 0.0)
    learnt += PRIOR_STRENGTH * usual
    around = np.maximum(known_total[held.cell] - owner_votes[0][held.rows], 0.0)
    learnt /= around + PRIOR_STRENGTH
    learnt /= usual
    out = np.zeros(len(codes.code))
    out[held.rows] = np.log2(learnt, out=learnt).clip(MIN_BITS, codes.max_bits)
    return out


def _by_family(codes: Sequence[Codes], by_signal: dict[str, Floats], rows: int) -> Floats:
    bits = np.zeros((rows, len(FAMILIES)))

    def fill(column: int) -> None:
        mine = [by_signal[c.name] for c in codes if c.family is FAMILIES[column]]
        if not mine:
            return
        strongest, every, worst = np.zeros(rows), np.zeros(rows), np.zeros(rows)
        for one in mine:
            gain = np.maximum(one, 0.0)
            np.maximum(strongest, gain, out=strongest)
            every += gain
            np.minimum(worst, one, out=worst)
        bits[:, column] = strongest + REST_SHARE * (every - strongest) + 0.5 * worst

    each(fill, range(len(FAMILIES)))
    return bits
