"""Counters of the gateway: plain numbers on the way of a call, handed to Prometheus once a second.

Labels are bounded: API shapes, status classes, levels, units, actions and modes are closed lists; no account, key,
model name of a caller's own making, or address is ever one.
"""

from __future__ import annotations

from collections import defaultdict

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Bucket bounds of times: from a cached answer to the clients' own limit of 10 minutes."""

Labels = tuple[str, ...]


class Metrics:
    """What one worker has counted and not handed over yet."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, Labels], float] = defaultdict(float)
        self.times: list[tuple[str, Labels, float]] = []

    def count(self, name: str, labels: Labels = (), amount: float = 1.0) -> None:
        """Add to a counter."""
        self.counts[name, labels] += amount

    def time(self, name: str, labels: Labels, seconds: float) -> None:
        """Add to a histogram of times."""
        self.times.append((name, labels, seconds))
