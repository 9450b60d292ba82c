"""Whether a campaign's calls are distributed unlike others', and alike among its own accounts: context, not evidence.

The unbiased MMD^2 of two samples (Gretton et al. 2012, A Kernel Two-Sample Test, Lemma 6) with a permutation null. The
kernel is the mean of two estimates of Jaccard similarity: the share of equal topic bins, which are MinHash, and the
similarity of the sets of cues (no cue is a cue of its own). Both are positive definite (Bouchard et al. 2013), so
MMD^2 is a squared distance. Nothing here enters a strength: docs/decisions/0007 says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.detect.describe import campaign_id
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.strands import Floats, Ints
from stillwatch.detect.substreams import group_numbers
from stillwatch.detect.topics import BINS
from stillwatch.store.engine import Engine

Json = dict[str, Any]
Bools = npt.NDArray[np.bool_]
MAX_CALLS = 400
"""Calls of a sample: 160,000 pairs, of which a thousand permutations take tenths of a second."""
ACCOUNT_CALLS = 10
"""Calls of one account in it, unless that leaves it short: forty accounts then speak, and each can be told apart."""
MIN_CALLS = 20
"""Smaller samples say nothing: the error of MMD^2 is then about a tenth of what it is at most."""
PERMUTATIONS = 999
"""The smallest chance that can be shown is one in a thousand."""
UNIT = 1 << 20
"""The kernel in whole numbers: sums below 2^53 are exact in any order, and its rounding is beyond six decimals."""
NO_CUE = 1 << 62
"""The bit of calls that show no cue; Cue has none so high."""
OTHERS = -1
"""The number of the sample of accounts that are in no listed campaign."""
SURE = 0.01
"""A chance up to here is told as a difference: where there is none, one in a hundred is."""


@dataclass(frozen=True)
class Comparison:
    """Two samples compared: unbiased MMD^2 (0 to 2, below 0 by chance), chance of so much, and how many calls."""

    mmd2: float
    p_value: float
    calls: int


@dataclass(frozen=True)
class Distribution:
    """What a sample of a campaign's calls was like; None where there were too few to compare."""

    unlike_others: Comparison | None
    """Against as many calls of accounts outside; ``calls`` on each side. Accounts are permuted."""
    alike_within: Comparison | None
    """One half of its accounts against the other; ``calls`` of both. Calls are permuted: small if accounts differ."""


@dataclass(frozen=True)
class Sample:
    """Calls by account and keyed hash, both ascending: of each its account, topic bins (a row each) and cues."""

    account: Ints
    topics: Ints
    cues: Ints

    def first(self, calls: int) -> Sample:
        """Return the first so many calls."""
        return Sample(self.account[:calls], self.topics[:calls], self.cues[:calls])


def find_distributions(
    engine: Engine, calls: nw.LazyFrame[Any], findings: Findings, listed: Sequence[Candidate]
) -> list[Distribution]:
    """Compare each listed candidate's sub-stream with accounts in no listed campaign, and its accounts' halves.

    Samples are the smallest keyed hashes of accounts and of their calls, at most ACCOUNT_CALLS each. Permutations are
    drawn from the campaign's name.
    """
    if findings.calls is None or not listed:
        return []
    numbers = group_numbers(findings, listed)
    caps = [max(ACCOUNT_CALLS, -(-MAX_CALLS // len(c.summary.accounts))) for c in listed]
    mine = [_enough(c.summary.accounts, c.summary.account_calls, cap) for c, cap in zip(listed, caps, strict=True)]
    population = findings.population
    outside = ~np.isin(population.account, np.concatenate([c.group.accounts for c in listed]))
    others = _enough(population.account[outside], population.calls[outside], ACCOUNT_CALLS)
    inside = _draw(engine, findings.calls, dict(zip(numbers, mine, strict=True)), max(caps))
    beside = _draw(engine, calls.with_columns(group=nw.lit(OTHERS)), {OTHERS: others}, max(caps))
    return [
        compare(
            _sample(inside, number, cap), _sample(beside, OTHERS, cap), seed=int(campaign_id(c).removeprefix("C-"), 16)
        )
        for c, number, cap in zip(listed, numbers, caps, strict=True)
    ]


def _enough(account: Ints, calls: Ints, cap: int) -> Ints:
    """Return the smallest keys of accounts until their calls, at most ``cap`` each, fill a sample."""
    order = np.argsort(account)
    filled = np.cumsum(np.minimum(calls[order], cap))
    chosen: Ints = account[order][: int(np.searchsorted(filled, MAX_CALLS)) + 1]
    return chosen


def _draw(engine: Engine, calls: nw.LazyFrame[Any], accounts: dict[int, Ints], cap: int) -> dict[str, Ints]:
    """Read the ``cap`` smallest calls of each chosen account, by group, account and call."""
    chosen = pa.table(
        {
            "group": np.concatenate([np.full(len(a), number, np.int64) for number, a in accounts.items()]),
            "account": np.concatenate(list(accounts.values())),
        }
    )
    columns = ["group", "account", "call", "cues", *(f"topic_{i}" for i in range(BINS))]
    theirs = calls.select(*columns).join(engine.lazy(chosen), on=["group", "account"], how="inner")
    ranked = theirs.with_columns(place=nw.col("call").rank("ordinal").over("group", "account"))
    table = engine.collect(ranked.filter(nw.col("place") <= cap))
    rows = {n: integers(table[n]) for n in (*columns, "place")}
    order = np.lexsort((rows["call"], rows["account"], rows["group"]))
    return {n: c[order] for n, c in rows.items()}


def _sample(rows: dict[str, Ints], group: int, cap: int) -> Sample:
    at = np.flatnonzero((rows["group"] == group) & (rows["place"] <= cap))[:MAX_CALLS]
    return Sample(rows["account"][at], np.stack([rows[f"topic_{i}"][at] for i in range(BINS)]), rows["cues"][at])


def compare(mine: Sample, others: Sample, *, seed: int) -> Distribution:
    """Compare a campaign's sample with another, and its own accounts with each other."""
    return Distribution(_unlike(mine, others, seed), _alike(mine, seed))


def _unlike(mine: Sample, others: Sample, seed: int) -> Comparison | None:
    """Permute accounts, whose calls depend on each other; pairs of one account's calls are left out for that reason."""
    calls = min(len(mine.account), len(others.account))
    if calls < MIN_CALLS:
        return None
    account = np.concatenate([mine.account[:calls], others.account[:calls]])
    topics = np.concatenate([mine.topics[:, :calls], others.topics[:, :calls]], axis=1)
    alike = kernel(topics, np.concatenate([mine.cues[:calls], others.cues[:calls]]))
    start = np.flatnonzero(np.diff(account, prepend=account[0] - 1))
    if min((start < calls).sum(), (start >= calls).sum()) < 2:
        return None
    sums = np.add.reduceat(np.add.reduceat(alike, start, axis=0), start, axis=1)
    sizes = np.diff(start, append=2 * calls)
    return _permute(sums, np.outer(sizes, sizes), start < calls, seed=seed, calls=calls)


def _alike(mine: Sample, seed: int) -> Comparison | None:
    """Permute calls between the halves: two calls each, on average, are needed to tell accounts apart."""
    calls = len(mine.account)
    number = np.cumsum(np.diff(mine.account, prepend=mine.account[:1]) != 0)
    if calls < MIN_CALLS or number[-1] < 1 or calls < 2 * (number[-1] + 1):
        return None
    alike, first = kernel(mine.topics, mine.cues), number % 2 == 0
    if min(first.sum(), (~first).sum()) < 2:
        return None
    return _permute(alike, np.ones_like(alike), first, seed=seed, calls=calls)


def kernel(topics: Ints, cues: Ints) -> Ints:
    """Return the similarity of every two calls, 0 to UNIT. ``topics`` has a row for each bin."""
    equal = (topics[:, :, None] == topics[:, None, :]).sum(axis=0) / len(topics)
    sets = np.where(cues == 0, NO_CUE, cues)
    both, either = (np.bitwise_count(f(sets[:, None], sets[None, :])) for f in (np.bitwise_and, np.bitwise_or))
    whole: Ints = np.rint(UNIT * (equal + both / either) / 2.0).astype(np.int64)
    return whole


def _permute(alike: Ints, pairs: Ints, first: Bools, *, seed: int, calls: int) -> Comparison:
    """Compare the units in ``first`` with the rest; ``alike`` sums the kernel of ``pairs`` pairs for any two units."""
    shuffled = np.random.default_rng(seed).permuted(np.tile(first, (PERMUTATIONS, 1)), axis=1)
    sides = np.vstack([first, shuffled]).astype(float)
    (mine, theirs, across), counts = _sums(sides, alike), _sums(sides, pairs)
    found = mine / counts[0] + theirs / counts[1] - 2.0 * across / counts[2]
    chance = (found >= found[0]).mean()  # the sides as found are one of the permutations
    return Comparison(round(float(found[0]) / UNIT, 6), round(float(chance), 4), calls)


def _sums(sides: Floats, values: Ints) -> tuple[Floats, Floats, Floats]:
    """Sum the values of different units within each row's side, within the rest, and across: whole, so exact."""
    matrix = np.where(np.eye(len(values), dtype=bool), 0, values).astype(float)
    inside = ((sides @ matrix) * sides).sum(axis=1)
    touching = sides @ matrix.sum(axis=1)
    return inside, matrix.sum() - 2.0 * touching + inside, touching - inside


def tell(found: Distribution) -> Json:
    """Write a distribution as ``campaigns.json`` has it, with one plain sentence."""
    unlike, alike = found.unlike_others, found.alike_within
    parts = []
    if unlike is not None:
        sure = unlike.p_value <= SURE
        differs = "differs from what other accounts send, as any new workload does"
        said = differs if sure else "shows no sure difference from what other accounts send"
        parts.append(f"what they send {said} ({unlike.calls:,} calls of each, p = {unlike.p_value:.3f})")
    if alike is not None:
        said = "differ" if alike.p_value <= SURE else "show no sure difference"
        parts.append(f"two halves of the accounts {said} ({alike.calls:,} calls, p = {alike.p_value:.3f})")
    return {
        "unlike_others": None if unlike is None else asdict(unlike),
        "alike_within": None if alike is None else asdict(alike),
        "says": f"Context, not counted: {'; '.join(parts) or 'there are too few calls to compare with others'}.",
    }
