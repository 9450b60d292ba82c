"""Counters of the gateway: plain numbers on the way of a call, added up once a second, off its way.

Labels are bounded: API shapes, status classes, levels, units, actions and modes are closed lists; no account, key,
model name of a caller's own making, or address is ever one.
"""

from __future__ import annotations

from collections import defaultdict

from stillwatch.gateway.call import Call

Labels = tuple[str, ...]


class Metrics:
    """What one worker has counted."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, Labels], float] = defaultdict(float)
        self.calls: list[tuple[str, int, float, float, float, int | None, float]] = []

    def count(self, name: str, labels: Labels = (), amount: float = 1.0) -> None:
        """Add to a counter."""
        self.counts[name, labels] += amount

    def refused(self, dialect: str, status: int) -> None:
        """Count a request that did not become a call."""
        self.calls.append((dialect, status, 0.0, 0.0, 0.0, None, 0.0))

    def finished(self, call: Call) -> None:
        """Count a call that has ended."""
        usage = call.usage
        self.calls.append(
            (
                *(call.dialect.name, call.status, call.seconds, call.first_byte_seconds, call.paused_seconds),
                *(usage.input_tokens, call.captured),
            )
        )
