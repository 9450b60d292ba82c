"""A parcel as STIX objects, judged by OASIS's validator."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from stix2 import parse
from stix2validator import ValidationOptions, validate_instance

from sharing_world import SECRETS, campaign, parcel
from stillwatch.sharing.nouns import Sender, Tlp
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.stix_objects import bundle

ALLOWED = [
    "uuid-check",  # 103: ids are made from what an object describes, so that two hosts' indicators merge
    "extensions-use",  # our one property extension; its definition travels along
]


def objects_of(kind: str, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [o for o in objects if o["type"] == kind]


@pytest.mark.parametrize("tlp", list(Tlp))
def test_every_bundle_passes_the_validator(tlp: Tlp) -> None:
    made = json.loads(json.dumps(bundle(stix_list(parcel(campaign(), campaign("C-2"), tlp=tlp)))))
    options = ValidationOptions(version="2.1", strict=True, disabled=ALLOWED, enforce_refs=True)
    result = validate_instance(made, options)
    assert result.is_valid, [str(e) for e in result.errors]


def test_the_validator_would_notice() -> None:
    made = json.loads(json.dumps(bundle(stix_list(parcel()))))
    del objects_of("indicator", made["objects"])[0]["valid_from"]
    assert not validate_instance(made, ValidationOptions(version="2.1")).is_valid


def test_the_reference_library_reads_it_without_custom_content() -> None:
    made = json.dumps(bundle(stix_list(parcel())))
    assert parse(io.StringIO(made).read(), allow_custom=False, version="2.1").type == "bundle"


def test_two_hosts_name_the_same_indicator_the_same_and_each_says_so_itself() -> None:
    mine = stix_list(parcel())
    theirs = stix_list(parcel(campaign("C-other"), sender=Sender("Host B")))
    ids = [{o["id"] for o in objects_of("indicator", side)} for side in (mine, theirs)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 8
    for kind in ("sighting", "relationship", "campaign", "identity"):
        shared = {o["id"] for o in objects_of(kind, mine)} & {o["id"] for o in objects_of(kind, theirs)}
        assert shared == {o["id"] for o in objects_of(kind, mine) if o.get("name") == "Stillwatch"}


def test_every_identity_is_said_by_itself() -> None:
    assert all(o["created_by_ref"] == o["id"] for o in objects_of("identity", stix_list(parcel())))


def test_the_same_parcel_is_the_same_bundle() -> None:
    assert bundle(stix_list(parcel())) == bundle(stix_list(parcel()))


def test_every_indicator_ends_and_everything_we_say_is_marked() -> None:
    objects = stix_list(parcel(tlp=Tlp.RED))
    assert all("valid_until" in o for o in objects_of("indicator", objects))
    red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    ours = [o for o in objects if o["type"] in {"campaign", "indicator", "relationship", "sighting"}]
    assert all(o["object_marking_refs"][0] == red and len(o["object_marking_refs"]) == 2 for o in ours)


def test_no_custom_types_and_only_atlas_techniques() -> None:
    objects = stix_list(parcel())
    assert not [o["type"] for o in objects if o["type"].startswith("x-")]
    assert not [name for o in objects for name in o if name.startswith("x_")]
    ids = [p["external_references"][0]["external_id"] for p in objects_of("attack-pattern", objects)]
    assert ids == ["AML.T0040", "AML.T0024.002", "AML.T0021", "AML.T0065"]


def test_a_secret_of_the_report_is_nowhere_in_the_bundle() -> None:
    text = json.dumps(stix_list(parcel()))
    assert not [s for s in SECRETS if s in text]


def test_what_is_not_known_is_left_out() -> None:
    bare = stix_list(parcel(terms="", proof=None, sender=Sender("Host A")))
    (made,) = objects_of("campaign", bare)
    assert "log_origin" not in next(iter(made["extensions"].values()))
    assert len(objects_of("marking-definition", bare)) == 1
    assert "contact_information" not in objects_of("identity", bare)[0]


def test_an_indicator_of_two_campaigns_is_one_object() -> None:
    both = stix_list(parcel(campaign(), campaign("C-2")))
    ids = [o["id"] for o in both]
    assert len(ids) == len(set(ids))
    assert len(objects_of("sighting", both)) == 16
    assert replace(parcel(), campaigns=()).campaigns == ()
