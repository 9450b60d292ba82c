import json
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from planted import campaign, crowd, member_keys, table_of
from stillwatch.detect.answers import MAX_FAMILY_BITS, Answer, Finding
from stillwatch.detect.calibration import Calibration
from stillwatch.detect.describe import answer, campaign_id, describe, hexadecimal, instant
from stillwatch.detect.find import Candidate, Findings, find_candidates
from stillwatch.detect.group import Group
from stillwatch.detect.signal import find_signals
from stillwatch.records import Family
from stillwatch.store.engine import Engine

TEN = Calibration(scans=9, accounts=1_000.0, strengths=(1.0,))


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    with Engine(tmp_path_factory.mktemp("engine")) as engine:
        calls = engine.lazy(table_of(crowd() + campaign(calls=90)))
        return find_candidates(engine, calls, accounts=None, signals=find_signals())


@pytest.fixture(scope="module")
def found(findings: Findings) -> Candidate:
    return findings.candidates[0]


def told(candidate: Candidate, findings: Findings, **others: Any) -> dict[str, Any]:
    given = {
        "substreams": [],
        "distribution": {},
        "names": {},
        "verification": {},
        "organizations": 0,
        "calibration": TEN,
    } | others
    return describe(candidate, findings, **given)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0" * 16), (255, "0" * 14 + "ff"), (-1, "f" * 16), (-(2**63), "8" + "0" * 15)]
)
def test_writes_keys_as_sixteen_digits(value: int, text: str) -> None:
    assert hexadecimal(value) == text


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_780_000_000_999_999, "2026-05-28T20:26:40Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (4_102_444_800_000_000, "2100-01-01T00:00:00Z"),
    ],
)
def test_writes_times_in_utc_to_the_second(microseconds: int, text: str) -> None:
    assert instant(microseconds) == text


def test_an_answer_shows_its_findings_by_family() -> None:
    given = Answer(
        -8.0,
        (
            Finding("a", Family.NETWORK, 7.004, "A."),
            Finding("b", Family.NETWORK, 6.0, "B."),
            Finding("c", Family.CONTENT, -1.0, "C."),
        ),
    )
    shown = answer(given)
    assert shown["bits"] == -8.0 + MAX_FAMILY_BITS - 1.0
    assert shown["prior_bits"] == -8.0
    assert shown["evidence"]["network"]["bits"] == MAX_FAMILY_BITS
    assert [f["says"] for f in shown["evidence"]["network"]["findings"]] == ["A.", "B."]
    assert list(shown["evidence"]) == ["content", "network"]


def test_a_campaign_is_named_after_its_members_and_contents(found: Candidate) -> None:
    group = found.group
    turned = replace(found, group=Group(group.accounts[::-1], group.match_weight[::-1], group.cells[::-1]))
    fewer = replace(found, group=Group(group.accounts[1:], group.match_weight[1:], group.cells))
    other = replace(found, group=Group(group.accounts, group.match_weight, group.cells[:1]))
    assert campaign_id(turned) == campaign_id(found)
    assert campaign_id(fewer) != campaign_id(found)
    assert len(group.contents) > 1
    assert campaign_id(other) != campaign_id(found)


def test_tells_the_numbers_of_the_campaign(found: Candidate, findings: Findings) -> None:
    entry = told(found, findings)
    assert entry["accounts"] == entry["entities"] == len(member_keys())
    assert entry["calls"] == entry["exchanges"] == 90 * len(member_keys())
    assert entry["output_tokens"] == 900 * entry["calls"]
    assert entry["objective"] == "reasoning"
    assert entry["share"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert sum(point["calls"] for point in entry["timeline"]) == entry["calls"]
    assert entry["timeline"][0]["at"][:13] == entry["first_call_at"][:13]
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry


def test_observables_are_the_strongest_and_named_where_a_name_is_known(found: Candidate, findings: Findings) -> None:
    entry = told(found, findings, names={6: "192.0.2.0/24"})
    labels = {(o["signal"], o["label"]) for o in entry["observables"]}
    assert ("prefix", "192.0.2.0/24") in labels
    assert ("address", None) in labels
    assert len({(o["signal"], o["observable"]) for o in entry["observables"]}) == len(entry["observables"]) <= 20
    assert all(2 <= o["holders"] <= entry["accounts"] and o["bits"] >= 1.0 for o in entry["observables"])


def test_a_long_campaign_is_drawn_by_days_and_loses_no_call(found: Candidate, findings: Findings) -> None:
    hours = found.summary.hours.copy()
    hours[-1] = hours[0] + 24 * 60
    long = replace(found, summary=replace(found.summary, hours=hours))
    entry = told(long, findings)
    times = [datetime.fromisoformat(point["at"]) for point in entry["timeline"]]
    assert len(times) <= 62
    assert {(b - a).total_seconds() for a, b in pairwise(times)} == {86_400.0}
    assert sum(point["calls"] for point in entry["timeline"]) == entry["calls"]


def test_says_how_often_innocent_traffic_shows_as_much(found: Candidate, findings: Findings) -> None:
    entry = told(found, findings)
    assert entry["false_alarm_rate"] == pytest.approx(0.1)
    assert entry["false_alarm_says"] == "None of 9 composed innocent scans showed anything this strong."
    weak = told(found, findings, calibration=Calibration(9, 1_000.0, (99.0,) * 4))
    assert weak["false_alarm_rate"] == pytest.approx(0.5)
    assert weak["false_alarm_says"].startswith("About 0.5 groups")


def test_claims_no_more_than_the_log_shows(found: Candidate, findings: Findings) -> None:
    claims = told(found, findings)["claims"]
    assert {name: claim["status"] for name, claim in claims.items()} == {
        "volume": "measured",
        "coordination": "inferred",
        "attribution": "not claimed",
        "use_in_training": "not claimed",
    }


def test_says_to_spare_the_members_other_traffic(found: Candidate, findings: Findings) -> None:
    population = replace(findings.population, calls=findings.population.calls * 4)
    mixed = told(found, replace(findings, population=population))
    assert mixed["share"]["mean"] == pytest.approx(0.25)
    assert any("act on the sub-stream, not on the accounts" in step for step in mixed["next_steps"])
    assert not any("sub-stream, not on" in step for step in told(found, findings)["next_steps"])
    assert np.isfinite(mixed["strength_bits"])
