"""Whether accounts keep to topics of their own, or could each have sent what any other sent.

Items dealt from one queue are exchangeable: two calls of one account are no likelier to share a topic than two calls of
different accounts. People, shops and teams come back to what they are about. What decides is the ratio of the two
chances, with its error, so that a few calls each say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from stillwatch.detect.columns import integers
from stillwatch.detect.strands import Floats, Ints
from stillwatch.store.engine import Engine

BINS = 4
"""Topics of a call (``records.CALLS``)."""
FIXED_SHARE = 0.05
"""A value in more than one in twenty of a group's calls is a word of the template or of the language, not a topic."""
MIN_EXPECTED = 20.0
"""Pairs of one account's calls that chance would let agree, below which nothing is said."""
ERRORS = 3.0
"""Standard errors that a ratio must be away from what it is held against (one in 740 by chance, two-sided 0.3 %)."""


ONE_QUEUE = 1.3
"""Calls of one account that surely agree in topics less than this many times as often as those of two look dealt, where
people in general, less two errors, agree more often than that;"""


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


def find_topic_spreads(engine: Engine, calls: nw.LazyFrame[Any], groups: int) -> list[TopicSpread]:
    """Measure every group. ``calls`` has the columns group, account and ``topic_0`` to ``topic_3``."""
    agree, expected = [np.zeros(0)] * groups, [np.zeros(0)] * groups
    accounts: list[Ints] = [np.zeros(0, np.int64)] * groups
    for number in range(BINS):
        rows = _count(engine, calls, f"topic_{number}")
        bounds = np.searchsorted(rows["group"], np.arange(groups + 1))
        for i in range(groups):
            part = {n: c[bounds[i] : bounds[i + 1]] for n, c in rows.items()}
            own, chance = _account_pairs(part)
            agree[i] = np.concatenate([agree[i], own])
            expected[i] = np.concatenate([expected[i], chance])
            accounts[i] = np.concatenate([accounts[i], part["account"]])
    return [_spread(a, e, who) for a, e, who in zip(agree, expected, accounts, strict=True)]


def _count(engine: Engine, calls: nw.LazyFrame[Any], topic: str) -> dict[str, Ints]:
    """Count each account's calls and agreeing pairs, and the sums of its group that chance needs."""
    mine = calls.filter(~nw.col(topic).is_null()).group_by("group", "account", topic).agg(calls=nw.len())
    values = mine.group_by("group", topic).agg(held=nw.col("calls").sum())
    totals = values.group_by("group").agg(total=nw.col("held").sum())
    topics = values.join(totals, on="group", how="inner").filter(nw.col("held") <= nw.col("total") * FIXED_SHARE)
    kept = mine.join(topics.select("group", topic, "held"), on=["group", topic], how="inner")
    each = kept.group_by("group", "account").agg(
        calls=nw.col("calls").sum(), squares=(nw.col("calls") * nw.col("calls")).sum()
    )
    whole = topics.group_by("group").agg(all_squares=(nw.col("held") * nw.col("held")).sum())
    table = engine.collect(each.join(whole, on="group", how="inner"))
    rows = {n: integers(table[n]) for n in ("group", "account", "calls", "squares", "all_squares")}
    order = np.lexsort((rows["account"], rows["group"]))
    return {n: c[order] for n, c in rows.items()}


def _account_pairs(rows: dict[str, Ints]) -> tuple[Floats, Floats]:
    """Return each account's agreeing pairs, and as many as agree between accounts for as many pairs."""
    if not len(rows["calls"]):
        return np.zeros(0), np.zeros(0)
    calls, squares = rows["calls"].astype(float), rows["squares"].astype(float)
    between_pairs = calls.sum() ** 2 - (calls**2).sum()
    between = float(rows["all_squares"][0]) - squares.sum()
    chance = between / between_pairs if between_pairs > 0 else float("nan")
    return squares - calls, calls * (calls - 1.0) * chance


def _spread(agree: Floats, expected: Floats, account: Ints) -> TopicSpread:
    # An account's pairs depend on each other: the error is taken over accounts (a ratio estimator, Cochran 1977, 6.4).
    total = float(expected.sum())
    if not total >= 2.0 * MIN_EXPECTED:  # ordered pairs; NaN fails too
        return TopicSpread()
    ratio = float(agree.sum()) / total
    _, owner = np.unique(account, return_inverse=True)
    residual = np.bincount(owner, weights=agree - ratio * expected)
    # Even if all accounts agree, that many pairs can only say so much (Poisson).
    error = float(np.sqrt((residual**2).sum() + 2.0 * total * max(ratio, 1.0))) / total
    return TopicSpread(ratio, error)
