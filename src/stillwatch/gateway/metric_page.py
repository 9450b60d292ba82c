"""``/metrics`` for Prometheus: what all workers of a gateway have counted, those that died included.

Each worker leaves its numbers in a file once a second; whoever serves the page reads them all. Files of an earlier run
are removed when the gateway starts: Prometheus takes the fall for the restart that it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from stillwatch.gateway.log import log
from stillwatch.gateway.metrics import SECONDS, Metrics

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "stillwatch_calls": ("Requests by API shape and class of status", ("dialect", "status")),
    "stillwatch_input_tokens": ("Tokens read, as the model servers counted them", ()),
    "stillwatch_output_tokens": ("Tokens delivered", ()),
    "stillwatch_paused_seconds": ("Seconds that streams waited for their budgets", ()),
    "stillwatch_refusals": ("Calls refused by a limit", ("level", "unit")),
    "stillwatch_effects": ("Effects that rules ordered, in shadow or not", ("action", "mode")),
    "stillwatch_upstream_failures": ("Calls without a proper answer of a model server", ("kind",)),
    "stillwatch_journal_admitted": ("Calls whose beginning is in the journal", ()),
    "stillwatch_journal_finished": ("Calls whose end is in the journal", ()),
    "stillwatch_journal_refused": ("Calls refused because the journal had no room", ()),
    "stillwatch_journal_shed": ("Calls served without a record", ()),
    "stillwatch_journal_finishes_lost": ("Ends of calls that found no room in the journal", ()),
    "stillwatch_journal_notes_lost": ("Notes that found no room in the journal", ()),
    "stillwatch_spans_sent": ("Spans that a collector took", ()),
    "stillwatch_spans_failed": ("Spans that no collector took", ()),
    "stillwatch_spans_dropped": ("Calls without a span, for the exporter was behind or away", ()),
    "stillwatch_failed_open": ("Calls not limited because the store failed and a rule says open", ()),
}
"""Every counter: what it counts, and its labels."""

TIMES = {
    "stillwatch_call_seconds": "From the request to the last byte of its answer",
    "stillwatch_first_byte_seconds": "From the request to the first byte of the model server's answer",
}

GAUGES: Mapping[str, tuple[str, Callable[[list[float]], float]]] = {
    "stillwatch_open_calls": ("Calls under way", sum),
    "stillwatch_keyring_age_seconds": ("Age of the oldest worker's copy of the keys", max),
    "stillwatch_store_failing": ("1 while the shared store of limits cannot be reached", max),
}
"""Every gauge: what it says, and how workers' values become one."""

PREFIX = "stillwatch_"
WRITE_SECONDS = 1.0
STALE_SECONDS = 10.0
"""A worker that has not written for so long is gone: its counts stay, its gauges do not. One that wrote so far in the
future is gone too: the clock was set back since."""


class MetricFile:
    """Leaves one worker's numbers in a folder, from ``start`` to ``stop``."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._path, self._metrics = folder / f"{os.getpid()}-{time.time_ns()}.json", metrics
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._task = asyncio.get_running_loop().create_task(self._keep_writing())

    async def stop(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.write()

    def write(self) -> None:
        """Write now. A full disk costs the page, never a call."""
        draft = self._path.with_suffix(".draft")
        try:
            draft.write_bytes(orjson.dumps(self._metrics.snapshot()))
            draft.replace(self._path)
        except OSError as problem:
            log("metrics are not written", error=problem.strerror)

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            self.write()


def forget_earlier(folder: Path) -> None:
    """Remove the files of an earlier run."""
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)


def read_snapshots(folder: Path) -> list[dict[str, Any]]:
    """Return what the workers left."""
    snapshots = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, orjson.JSONDecodeError):
            snapshots.append(orjson.loads(path.read_bytes()))
    return snapshots


def metric_page(folder: Path) -> tuple[bytes, str]:
    """Return the page over all workers, and its content type."""
    return render(read_snapshots(folder), now=time.time()), CONTENT_TYPE_LATEST


def render(snapshots: Iterable[Mapping[str, Any]], *, now: float) -> bytes:
    """Return the page in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Page(list(snapshots), now))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Page:
    """A collector of prometheus_client over snapshots."""

    def __init__(self, snapshots: list[Mapping[str, Any]], now: float) -> None:
        self._snapshots, self._now = snapshots, now

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; what has no labels and was never counted is 0, so that a dashboard shows that."""
        for name, (says, labels) in COUNTERS.items():
            counter = CounterMetricFamily(name, says, labels=labels)
            for values, value in (self._sums(name) or ({} if labels else {(): 0.0})).items():
                counter.add_metric(values, value)
            yield counter
        for name, says in TIMES.items():
            histogram = HistogramMetricFamily(name, says, labels=("dialect",))
            for values, buckets in self._buckets(name).items():
                counts = accumulate(buckets[:-1])
                bounds = [*map(str, SECONDS), "+Inf"]
                histogram.add_metric(values, list(zip(bounds, counts, strict=True)), buckets[-1])
            yield histogram
        for name, (says, joined) in GAUGES.items():
            fresh = [s for s in self._snapshots if abs(self._now - s["at"]) < STALE_SECONDS]
            now = [float(value) for s in fresh for n, value in s["gauges"] if PREFIX + n == name]
            yield GaugeMetricFamily(name, says, value=joined(now) if now else 0.0)

    def _sums(self, name: str) -> dict[tuple[str, ...], float]:
        sums: dict[tuple[str, ...], float] = {}
        for snapshot in self._snapshots:
            for own, labels, value in snapshot["counters"]:
                if PREFIX + own == name:
                    sums[tuple(labels)] = sums.get(tuple(labels), 0.0) + value
        return sums

    def _buckets(self, name: str) -> dict[tuple[str, ...], list[float]]:
        sums: dict[tuple[str, ...], list[float]] = {}
        for snapshot in self._snapshots:
            for own, labels, buckets in snapshot["times"]:
                if PREFIX + own == name:
                    before = sums.get(tuple(labels), [0.0] * len(buckets))
                    sums[tuple(labels)] = [a + b for a, b in zip(before, buckets, strict=True)]
        return sums
