"""The Grafana dashboard: that it is one, and that it asks for metrics which the code has."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
METRIC = re.compile(r"\bstillwatch_[a-z_]+")
OF_THE_CLIENT_LIBRARY = {"process_resident_memory_bytes"}
SUFFIXES = ("_bucket", "_sum", "_count", "_total")
"""What Prometheus clients put behind a metric's own name."""

each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda p: p["title"])


def own_name(metric: str) -> str:
    return next((metric.removesuffix(s) for s in SUFFIXES if metric.endswith(s)), metric)


def asked() -> set[str]:
    expressions = [t["expr"] for p in PANELS for t in p["targets"]]
    return {own_name(m) for e in expressions for m in METRIC.findall(e)}


def declared() -> set[str]:
    sources = (ROOT / "src/stillwatch/gateway").rglob("metric*.py")
    return {own_name(m) for s in sources for m in METRIC.findall(s.read_text(encoding="utf-8"))}


@pytest.mark.skipif(not declared(), reason="this tree declares no metric stillwatch_… yet")
def test_every_metric_of_the_dashboard_is_one_of_the_code() -> None:
    assert asked() - declared() == set()


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert len({p["id"] for p in PANELS}) == len(PANELS)
    for one, other in itertools.combinations([p["gridPos"] for p in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
        assert one["x"] + one["w"] <= 24


@each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_a_panel_asks_the_data_source_and_the_jobs_that_were_chosen(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        metrics = METRIC.findall(target["expr"]) or [m for m in OF_THE_CLIENT_LIBRARY if m in target["expr"]]
        assert target["expr"].count('job=~"$job"') == len(metrics) > 0


@each_panel
def test_brackets_close(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        for opening, closing in ("()", "{}", "[]"):
            assert target["expr"].count(opening) == target["expr"].count(closing)


@each_panel
def test_a_counter_is_shown_as_a_rate_and_a_gauge_is_not(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        for metric in METRIC.findall(target["expr"]):
            counts = metric.endswith(SUFFIXES)
            assert counts == bool(re.search(rf"(rate|increase)\({metric}\{{", target["expr"])), metric
