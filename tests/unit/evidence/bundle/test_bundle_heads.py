from __future__ import annotations

from typing import Any

import pytest

from stillwatch.evidence.bundle.heads import HEADS, LIMB, MARKS, PURPOSE, STRENGTH, heads

CAMPAIGN: dict[str, Any] = {
    "accounts": 30,
    "coordination": {"bits": 15.2, "evidence": {"content": {}, "network": {}}},
    "distillation": {"bits": 9.0, "evidence": {}},
    "objective": "code",
    "objectives": {"code": 1.0},
}


@pytest.fixture
def told() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = heads(CAMPAIGN, whole=True)["heads"]
    return listed


def test_four_purposes_and_three_limbs_are_there(told: list[dict[str, Any]]) -> None:
    assert [h["kind"] for h in told] == [PURPOSE] * 4 + [LIMB] * 3


def test_a_head_is_marked_by_its_weakest_evidence(told: list[dict[str, Any]]) -> None:
    first = told[0]
    assert {e["mark"] for e in first["evidence"]} == {"observed", "inferred"}
    assert first["mark"] == "inferred"
    assert all(h["mark"] == "not claimed" and not h["evidence"] for h in told[3:])


def test_nothing_is_corroborated_by_the_host_alone(told: list[dict[str, Any]]) -> None:
    assert "corroborated" not in {h["mark"] for h in told}


def test_every_mark_is_explained() -> None:
    assert set(MARKS) == set(STRENGTH)


def test_the_bill_is_named_as_it_was_introduced() -> None:
    said = heads(CAMPAIGN, whole=False)
    assert "as introduced on 15 April 2026" in said["bill"]
    assert any("amended" in limit for limit in said["limits"])


def test_a_head_that_a_second_source_confirms_is_corroborated() -> None:
    listed = heads(CAMPAIGN, whole=True, confirmed={HEADS[2]: ["attached/second-source-0"]})
    assert [h["mark"] for h in listed["heads"][:4]] == ["inferred", "inferred", "corroborated", "not claimed"]
    assert not any("every source here is the host" in limit for limit in listed["limits"])


def test_a_second_source_alone_makes_no_mark() -> None:
    head = heads(CAMPAIGN, whole=True, confirmed={HEADS[6]: ["attached/second-source-0"]})["heads"][6]
    assert (head["mark"], head["says"]) == ("not claimed", "Only a second source speaks to it; the host does not.")
