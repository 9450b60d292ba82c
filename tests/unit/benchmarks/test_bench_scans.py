from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks import scans
from benchmarks.incidents import Incident, read_truth

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def incident(tmp_path: Path) -> Incident:
    """A thousand calls, a minute each: two members take turns, and one innocent account calls once."""
    names = ["a", "b"] * 500
    calls = [
        {"call_id": f"c{i}", "account": n, "started_at": START + timedelta(minutes=i)} for i, n in enumerate(names)
    ]
    pq.write_table(
        pa.Table.from_pylist([*calls, {**calls[0], "call_id": "x", "account": "x"}]),
        tmp_path / "calls.parquet",
    )
    pq.write_table(pa.table({"account": ["a", "b", "x", "later"]}), tmp_path / "accounts.parquet")
    pq.write_table(
        pa.Table.from_pylist([{"call_id": c["call_id"], "campaign": "one"} for c in calls]),
        tmp_path / "truth_calls.parquet",
    )
    truth = [{"account": n, "campaign": "one", "label": "campaign:one", "campaign_calls": 500} for n in "ab"]
    truth.append({"account": "x", "campaign": None, "label": "human", "campaign_calls": 0})
    pq.write_table(pa.Table.from_pylist(truth), tmp_path / "truth.parquet")
    return Incident("hand-made", 1, tmp_path)


def test_truth_is_read_with_calls_and_classes(incident: Incident) -> None:
    truth = read_truth(incident.folder)
    assert (truth.members, truth.calls, truth.innocent) == (
        {"one": {"a", "b"}},
        {"one": 1000},
        {"x": "human"},
    )


def test_losses_are_the_first_step_that_shows_the_campaign(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    def found_from_120_calls_on(part: Incident) -> scans.Scan:
        names = frozenset("ab") if pq.read_metadata(part.log).num_rows > 120 else frozenset()
        return scans.Scan((scans.Found(names),), (), 0.0)

    monkeypatch.setattr(scans, "scan", found_from_120_calls_on)
    assert scans.exchanges_lost(incident, "one") == 150


def test_a_prefix_knows_no_account_that_has_not_called(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    known = []

    def remember(part: Incident) -> scans.Scan:
        known.append(set(pq.read_table(part.accounts)["account"].to_pylist()))
        return scans.Scan((), (), 0.0)

    monkeypatch.setattr(scans, "scan", remember)
    scans.exchanges_lost(incident, "one")
    assert known
    assert all(names <= {"a", "b", "x"} for names in known)


def test_a_campaign_that_is_never_found_has_no_first_step(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "scan", lambda *_, **__: scans.Scan((), (), 0.0))
    assert scans.exchanges_lost(incident, "one") is None


def test_only_listed_campaigns_are_accusations(tmp_path: Path) -> None:
    (tmp_path / "campaigns.json").write_text(json.dumps([{"campaign": "k1", "calls": 7}]))
    rows = [
        {"account": "a", "campaign": "k1"},
        {"account": "b", "campaign": None},
        {"account": "c", "campaign": "t"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "members.parquet")
    found, _ = scans.read_report(tmp_path)
    assert found == (scans.Found(frozenset("a"), 7),)
