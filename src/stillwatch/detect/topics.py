"""Whether accounts keep to topics of their own, or could each have sent what any other sent.

Items dealt from one queue are exchangeable: two calls of one account are no likelier to share a topic than two calls of
different accounts. People, shops and teams come back to what they are about. What decides is the ratio of the two
chances, with its error, so that a few calls each say nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf
from typing import Any

import narwhals as nw
import numpy as np

from stillwatch.detect.columns import integers
from stillwatch.detect.strands import Floats, Ints
from stillwatch.store.engine import Engine

BINS = 4
"""Topics of a call (``records.CALLS``)."""
FIXED_SHARE = 0.3
"""A value in more of a group's calls is a word of the template, not a topic: shops of one kind are fewer than that."""
WEIGHT = 1_000_000
"""Agreement in a value counts by how rare it is, WEIGHT / calls that have it: common words say little. Whole numbers,
because their sums do not depend on the order."""
MIN_EXPECTED = 20.0
"""Pairs of one account's calls that chance would let agree, below which nothing is said."""
MIN_OWNERS = 4
"""Accounts below which their differences have no error: the variance of Student's t begins with three degrees."""
ERRORS = 3.0
"""Standard errors that a ratio must be away from what it is held against (one in 740 by chance, two-sided 0.3 %)."""


ONE_QUEUE = 1.3
"""Calls of one account that agree in topics less than this many times as often as those of two look dealt."""
QUEUE_EXCESS = 0.1
"""How far above 1 a queue's ratio is on average, since subjects come and go in it: its scale, exponential."""
CLASS_SHARE, CLASS_EXCESS = 0.25, 0.3
"""One crowd of strangers in four is taken to be a class or the like, which shares one subject; its mean excess."""
STEPS = 64
"""Pieces of the integrals over true ratios: with more, the answer changes by less than 0.01 bits."""
LEAST_DENSITY = 1e-9
"""Below this the erf of neither is exact, and a ratio below 1 says as little of one as of the other."""


@dataclass(frozen=True, slots=True)
class TopicSpread:
    """How much likelier two calls of one account agree in a topic than two of different accounts (1 = no likelier)."""

    ratio: float = float("nan")
    error: float = float("nan")
    """Standard error of the ratio, over accounts; NaN where nothing can be said."""

    @property
    def least(self) -> float:
        """The ratio is hardly less than this."""
        return self.ratio - ERRORS * self.error

    @property
    def most(self) -> float:
        """The ratio is hardly more than this."""
        return self.ratio + ERRORS * self.error


def queue_bits(spread: TopicSpread, people: float) -> float:
    """Return log2 of the Bayes factor of one queue against strangers with topics of their own, 0 where it is unknown.

    A queue's true ratio is 1 and an exponential excess, and so is a class's, with a larger one. That of other strangers
    who share a wording is between 1 and ``people`` (the ratio of everybody), the less likely the nearer to that, for
    who shares a wording shares part of a subject: triangular in doublings. The measured ratio is normal around the true
    one, so a few calls say a little; one that is itself above ONE_QUEUE says nothing.
    """
    if not (spread.error > 0.0 and spread.ratio < ONE_QUEUE < people):
        return 0.0
    queue, learners = _of_excess(spread, QUEUE_EXCESS), _of_excess(spread, CLASS_EXCESS)
    ends, width = np.geomspace(1.0, people, STEPS + 1), np.log(people)
    others = _density(spread, ends, lambda true: 2.0 * (1.0 - np.log(true) / width) / (true * width))
    strangers = CLASS_SHARE * learners + (1.0 - CLASS_SHARE) * others
    return float(np.log2((queue + LEAST_DENSITY) / (strangers + LEAST_DENSITY)))


def _of_excess(spread: TopicSpread, mean: float) -> float:
    """Return the density of the measured ratio where the true one is 1 and an exponential excess of this mean."""
    ends = np.linspace(1.0, 1.0 + 8.0 * mean, STEPS + 1)
    return _density(spread, ends, lambda true: np.exp((1.0 - true) / mean) / mean)


def _density(spread: TopicSpread, ends: Floats, prior: Callable[[Floats], Floats]) -> float:
    """Return the density of the measured ratio where the true one has this prior, piece by piece between the ends."""
    below = np.array([0.5 * erf((true - spread.ratio) / (spread.error * np.sqrt(2.0))) for true in ends])
    return float((np.diff(below) * prior((ends[1:] + ends[:-1]) / 2.0)).sum())


def find_topic_spreads(engine: Engine, calls: nw.LazyFrame[Any], groups: int) -> list[TopicSpread]:
    """Measure every group. ``calls`` has the columns group, account and ``topic_0`` to ``topic_3``."""
    found: list[list[_Pairs]] = [[] for _ in range(groups)]
    for number in range(BINS):
        rows = _count(engine, calls, f"topic_{number}")
        bounds = np.searchsorted(rows["group"], np.arange(groups + 1))
        for i in range(groups):
            found[i].append(_account_pairs({n: c[bounds[i] : bounds[i + 1]] for n, c in rows.items()}))
    return [_spread(pairs) for pairs in found]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Of each account, in one bin: the weight of its pairs of calls that agree, and of as many pairs between accounts.

    ``number`` is how many pairs agree between accounts, unweighted, scaled to as many pairs as the accounts have.
    """

    account: Ints
    agree: Floats
    expected: Floats
    number: float


def _count(engine: Engine, calls: nw.LazyFrame[Any], topic: str) -> dict[str, Ints]:
    """Count each account's calls and agreeing pairs, and the sums of its group that chance needs."""
    mine = calls.filter(~nw.col(topic).is_null()).group_by("group", "account", topic).agg(calls=nw.len())
    values = mine.group_by("group", topic).agg(held=nw.col("calls").sum())
    totals = values.group_by("group").agg(total=nw.col("held").sum())
    topics = values.join(totals, on="group", how="inner").filter(nw.col("held") <= nw.col("total") * FIXED_SHARE)
    kept = mine.join(topics.select("group", topic, "held"), on=["group", topic], how="inner").with_columns(
        square=nw.col("calls") * nw.col("calls")
    )
    each = kept.group_by("group", "account").agg(
        calls=nw.col("calls").sum(),
        squares=nw.col("square").sum(),
        pairs=((nw.col("square") - nw.col("calls")) * WEIGHT // nw.col("held")).sum(),
        weighed=(nw.col("square") * WEIGHT // nw.col("held")).sum(),
    )
    whole = topics.group_by("group").agg(
        all_squares=(nw.col("held") * nw.col("held")).sum(), all_weighed=(nw.col("held") * WEIGHT).sum()
    )
    table = engine.collect(each.join(whole, on="group", how="inner"))
    rows = {n: integers(table[n]) for n in table.column_names if n != "group_right"}
    order = np.lexsort((rows["account"], rows["group"]))
    return {n: c[order] for n, c in rows.items()}


def _account_pairs(rows: dict[str, Ints]) -> _Pairs:
    if not len(rows["calls"]):
        return _Pairs(rows["account"], np.zeros(0), np.zeros(0), 0.0)
    calls = rows["calls"].astype(float)
    own = calls * (calls - 1.0)
    others = calls.sum() ** 2 - (calls**2).sum()
    if others <= 0.0:
        return _Pairs(rows["account"], np.zeros(len(calls)), np.zeros(len(calls)), 0.0)
    between = float(rows["all_weighed"][0]) - float(rows["weighed"].sum())
    number = float(rows["all_squares"][0]) - float(rows["squares"].sum())
    return _Pairs(
        rows["account"], rows["pairs"].astype(float), own * between / others, float(own.sum()) * number / others
    )


def _spread(bins: list[_Pairs]) -> TopicSpread:
    # An account's pairs depend on each other: the error is taken over accounts (a ratio estimator, Cochran 1977, 6.4).
    total, number = float(sum(b.expected.sum() for b in bins)), sum(b.number for b in bins)
    if number < 2.0 * MIN_EXPECTED or total <= 0.0:  # ordered pairs
        return TopicSpread()
    agree = np.concatenate([b.agree for b in bins])
    expected = np.concatenate([b.expected for b in bins])
    ratio = float(agree.sum()) / total
    owners, owner = np.unique(np.concatenate([b.account for b in bins]), return_inverse=True)
    if len(owners) < MIN_OWNERS:
        return TopicSpread()
    residual = np.bincount(owner, weights=agree - ratio * expected)
    # Even where all accounts agree, so few pairs can only say so much (Poisson, with the mean weight of a pair).
    least = 2.0 * total * max(ratio, 1.0) * total / number
    # Few accounts are as unsure of their error: its square is that of Student's t, (n - 1) / (n - 3) of the normal's.
    unsure = (len(owners) - 1.0) / (len(owners) - 3.0)
    return TopicSpread(ratio, float(np.sqrt(((residual**2).sum() + least) * unsure)) / total)
