"""What is counted, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.gateway.metric_page import COUNTERS, GAUGES, TIMES, MetricFile, forget_earlier, metric_page, render
from stillwatch.gateway.metrics import MOST_WAITING, Ended, Metrics


def shown(page: bytes) -> dict[str, float]:
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_workers_are_added_up_dead_ones_included(tmp_path: Path) -> None:
    for seconds in (0.02, 700.0):
        metrics = Metrics()
        metrics.ended(Ended("chat", 200, seconds, 0.01, 0.0, 10.0, 5.0))
        metrics.refused("chat", 429)
        metrics.count("refusals", ("account", "calls"))
        metrics.gauges["open_calls"] = lambda: 3.0
        metrics.totals["journal_admitted"] = lambda: 7.0
        MetricFile(tmp_path, metrics).write()
    page, kind = metric_page(tmp_path)
    assert kind.startswith("text/plain")
    values = shown(page)
    assert values['stillwatch_calls_total{dialect="chat",status="2xx"}'] == 2
    assert values['stillwatch_calls_total{dialect="chat",status="4xx"}'] == 2
    assert values['stillwatch_refusals_total{level="account",unit="calls"}'] == 2
    assert values["stillwatch_output_tokens_total"] == 10
    assert values["stillwatch_journal_admitted_total"] == 14
    assert values["stillwatch_open_calls"] == 6
    assert values['stillwatch_call_seconds_bucket{dialect="chat",le="0.025"}'] == 1
    assert values['stillwatch_call_seconds_bucket{dialect="chat",le="600.0"}'] == 1
    assert values['stillwatch_call_seconds_bucket{dialect="chat",le="+Inf"}'] == 2
    forget_earlier(tmp_path)
    assert 'status="2xx"' not in metric_page(tmp_path)[0].decode()


@pytest.mark.parametrize("later", [60.0, -3600.0], ids=["a minute ago", "before the clock was set back"])
def test_a_worker_that_is_gone_has_no_gauges(later: float) -> None:
    metrics = Metrics()
    metrics.gauges["open_calls"] = lambda: 3.0
    told = metrics.snapshot()
    assert shown(render([told], now=float(str(told["at"])) + later))["stillwatch_open_calls"] == 0


def test_what_waits_is_bounded() -> None:
    metrics = Metrics()
    for _ in range(MOST_WAITING + 2):
        metrics.refused("chat", 401)
    assert metrics.counts["calls", ("chat", "4xx")] == MOST_WAITING + 1


def test_what_was_never_counted_is_zero() -> None:
    assert shown(render([], now=0.0))["stillwatch_spans_dropped_total"] == 0


def test_names_are_spelt_as_prometheus_wants() -> None:
    assert all(name.startswith("stillwatch_") for name in (*COUNTERS, *TIMES, *GAUGES))
    assert not [name for name in COUNTERS if name.endswith("_total")]
