"""A rate limit: calls by one account in one clock hour.

The threshold, 100 an hour, is the one AegisGate Platform (v4.5.0) publishes for its own volume rule.
"""

from __future__ import annotations

import numpy as np

from benchmarks.peers import Verdict
from benchmarks.traffic import Traffic

NAME = "Rate threshold"
CALLS_PER_HOUR = 100


def peak_hour(traffic: Traffic) -> np.ndarray:
    """Return the calls of each account in its busiest clock hour, by account number."""
    pairs, counts = np.unique(np.stack([traffic.code, traffic.hour]), axis=1, return_counts=True)
    peak = np.zeros(len(traffic.names), dtype=np.int64)
    np.maximum.at(peak, pairs[0], counts)
    return peak


def accuse(traffic: Traffic, *, calls_per_hour: int = CALLS_PER_HOUR) -> Verdict:
    """Accuse every account that once made more calls in an hour than this."""
    return Verdict(traffic.named(np.flatnonzero(peak_hour(traffic) > calls_per_hour)))
