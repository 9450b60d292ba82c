"""MMD with a kinder threshold: calibrated on whole innocent accounts instead of on mixed windows.

The published threshold compares with windows drawn from everybody's queries, so every account with one topic
lies above it. Here the threshold of each window size is the score that 0.3 % of innocent accounts exceed, the
false-alarm rate that the paper reports (arXiv 2606.05725). This variant is ours and is not published; it is
the peer at its best.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.peers.history import SIZES, History
from benchmarks.peers.mmd import account_scores
from benchmarks.traffic import Traffic

NAME = "MMD, tenant-calibrated"
FALSE_ALARMS = 0.003


@cache
def thresholds(history: History) -> dict[int, float]:
    """For each window size the score exceeded by 0.3 % of innocent accounts; sizes never seen never alarm."""
    scores: dict[int, list[float]] = defaultdict(list)
    for size, score in account_scores(history.traffic, history).values():
        scores[size].append(score)
    return {s: float(np.quantile(scores[s], 1 - FALSE_ALARMS)) if scores[s] else float("inf") for s in SIZES}


def accuse(traffic: Traffic, history: History) -> Verdict:
    """Accuse each account above the threshold of its window size."""
    limit = thresholds(history)
    scored = account_scores(traffic, history)
    return Verdict(traffic.named(a for a, (size, score) in scored.items() if score > limit[size]))
