"""PRADA (EuroS&P 2019, arXiv 1805.02628): whether distances between an account's queries look normal.

The original rule with one class (texts have no class before the answer): a query's distance to the growing
set; it joins the set if that exceeds the class threshold, max(threshold, mean - standard deviation), which
never falls. Every 10th query, distances 3 or more standard deviations from the mean are dropped, and if more
than 100 remain, alarm when Shapiro-Wilk's W is below delta. The paper's delta is per data set; ours is the
lowest W of innocent history's accounts, 5th percentile. Streams stop at 2,000 queries: the rule is quadratic.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import shapiro

from benchmarks.peers import Verdict
from benchmarks.peers.history import History
from benchmarks.traffic import Traffic

NAME = "PRADA"
_LONGEST = 2000
_LEAST = 100
_STRANGER_DELTA = 0.90
"""Delta where the history has no account with more than 100 calls; lower than any W the paper reports as
innocent.
"""


def distances_to_growing_set(rows: np.ndarray) -> np.ndarray:
    """Distance of each query but the first to the set as it was when the query came."""
    members = np.empty_like(rows)
    members[0], size, threshold = rows[0], 1, 0.0
    found = np.empty(len(rows) - 1)
    for i, row in enumerate(rows[1:]):
        cosine = float((members[:size] @ row).max())
        found[i] = np.sqrt(max(2 - 2 * cosine, 0.0))
        if found[i] > threshold:
            members[size] = row
            size += 1
            threshold = max(threshold, float(found[: i + 1].mean() - found[: i + 1].std()))
    return found


def lowest_w(rows: np.ndarray) -> float | None:
    """Return the lowest W over the stream; ``None`` if there never were more than 100 distances."""
    if len(rows) <= _LEAST + 1:
        return None
    found = distances_to_growing_set(rows[:_LONGEST])
    lowest = None
    for end in range(10, len(found) + 1, 10):
        kept = found[:end]
        kept = kept[np.abs(kept - kept.mean()) < 3 * kept.std()]
        if len(kept) > _LEAST and np.ptp(kept) > 0:
            w = float(shapiro(kept).statistic)
            lowest = w if lowest is None else min(lowest, w)
    return lowest


def _lowest_by_account(traffic: Traffic, history: History) -> dict[int, float]:
    embedded = history.embed(traffic)
    found = {account: lowest_w(embedded[calls]) for account, calls in enumerate(traffic.calls_of)}
    return {account: w for account, w in found.items() if w is not None}


@cache
def delta(history: History) -> float:
    """Return the W below which 5 % of the innocent accounts of a history fall."""
    lowest = list(_lowest_by_account(history.traffic, history).values())
    return float(np.quantile(lowest, 0.05)) if lowest else _STRANGER_DELTA


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse each account whose distances once failed the test."""
    limit = delta(history)
    return Verdict(traffic.named(a for a, w in _lowest_by_account(traffic, history).items() if w < limit))
