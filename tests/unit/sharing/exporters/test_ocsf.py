"""OCSF Detection Findings, held against what class 2004 requires."""

from __future__ import annotations

from sharing_world import campaign, parcel
from stillwatch.sharing.exporter import find_exporter

REQUIRED = {"activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id", "time", "type_uid"}
"""Required attributes of Detection Finding in OCSF 1.8.0."""


def test_has_what_a_detection_finding_requires() -> None:
    (one,) = find_exporter("ocsf").documents(parcel())
    assert set(one) >= REQUIRED
    assert one["type_uid"] == one["class_uid"] * 100 + one["activity_id"] == 200401
    assert {"uid", "title"} <= set(one["finding_info"])
    assert {"product", "version"} <= set(one["metadata"])
    assert all({"name", "type_id"} <= set(o) for o in one["observables"])


def test_two_campaigns_are_two_findings_with_ids_of_their_own() -> None:
    made = find_exporter("ocsf").documents(parcel(campaign("C-1"), campaign("C-2")))
    assert len({m["finding_info"]["uid"] for m in made}) == 2
