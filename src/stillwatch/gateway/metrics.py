"""Counters of one worker: plain numbers on the way of a call, added up once a second, off its way.

Labels are bounded: API shapes, status classes, levels, units, actions and modes are closed lists; no account, key,
model name of a caller's own making, or address is ever one.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from stillwatch.gateway.call import Call

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of the buckets of times: from a cached answer to the clients' own limit of 10 minutes."""

MOST_WAITING = 10_000
"""Calls that wait to be added up; then they are at once, so that no clock has to run for the list to stay short."""

Labels = tuple[str, ...]


class Ended(NamedTuple):
    """A request that has ended, as a call or refused before it became one."""

    dialect: str
    status: int
    seconds: float = 0.0
    first_byte_seconds: float = 0.0
    paused_seconds: float = 0.0
    input_tokens: float = 0.0
    output_tokens: float = 0.0


class Metrics:
    """What one worker has counted since it started. ``gauges`` are asked when somebody looks."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, Labels], float] = defaultdict(float)
        self.times: dict[tuple[str, Labels], list[float]] = {}
        """Calls in each bucket and above them all, then the sum of seconds."""
        self.gauges: dict[str, Callable[[], float]] = {}
        self.totals: dict[str, Callable[[], float]] = {}
        """Counters that a neighbour keeps itself."""
        self._waiting: list[Ended] = []

    def count(self, name: str, labels: Labels = (), amount: float = 1.0) -> None:
        """Add to a counter."""
        self.counts[name, labels] += amount

    def refused(self, dialect: str, status: int) -> None:
        """Count a request that did not become a call."""
        self.ended(Ended(dialect, status))

    def finished(self, call: Call) -> None:
        """Count a call that has ended."""
        counted = call.usage.input_tokens or 0
        times = (call.seconds, call.first_byte_seconds, call.paused_seconds)
        # NamedTuple's own constructor is a Python function: this is the way of every call.
        self.ended(tuple.__new__(Ended, (call.dialect.name, call.status, *times, counted, call.captured)))

    def ended(self, ended: Ended) -> None:
        """Count a request that has ended."""
        waiting = self._waiting
        waiting.append(ended)
        if len(waiting) > MOST_WAITING:
            self.add_up()

    def add_up(self) -> None:
        """Add up what has ended since the last time."""
        waiting, self._waiting = self._waiting, []
        alike: defaultdict[tuple[str, int], list[Ended]] = defaultdict(list)
        for one in waiting:
            alike[one[:2]].append(one)
        for (dialect, status), ended in alike.items():
            _, _, seconds, first_bytes, paused, inputs, outputs = zip(*ended, strict=True)
            self.count("calls", (dialect, f"{status // 100}xx"), len(ended))
            self.count("input_tokens", amount=sum(inputs))
            self.count("output_tokens", amount=sum(outputs))
            self.count("paused_seconds", amount=sum(paused))
            self._time("call_seconds", (dialect,), seconds)
            self._time("first_byte_seconds", (dialect,), first_bytes)

    def snapshot(self) -> dict[str, object]:
        """Return everything as JSON values: ``metric_page`` reads it."""
        self.add_up()
        asked = [[name, [], says()] for name, says in self.totals.items()]
        return {
            "at": time.time(),
            "counters": [[name, list(labels), value] for (name, labels), value in self.counts.items()] + asked,
            "times": [[name, list(labels), buckets] for (name, labels), buckets in self.times.items()],
            "gauges": [[name, says()] for name, says in self.gauges.items()],
        }

    def _time(self, name: str, labels: Labels, seconds: Iterable[float]) -> None:
        """Count times by bucket; zero is a time that there was none of."""
        taken = [one for one in seconds if one]
        if not taken:
            return
        buckets = self.times.setdefault((name, labels), [0.0] * (len(SECONDS) + 2))
        for one in taken:
            buckets[bisect_left(SECONDS, one)] += 1
        buckets[-1] += sum(taken)
