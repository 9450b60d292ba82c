"""The STIX bundle: what its specification asks of these objects."""

from __future__ import annotations

import json
import re
from typing import Any

from register_sites import Published
from stillwatch.registry.exports.stix import TLP_CLEAR, stix_bundle


def objects(published: Published) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stix_bundle(published.publication))["objects"]
    return found


def test_ids_are_well_formed_unique_and_the_same_each_time(published: Published) -> None:
    ids = [one["id"] for one in objects(published)]
    assert len(set(ids)) == len(ids)
    for one in objects(published):
        kind, _, uuid = one["id"].partition("--")
        assert kind == one["type"]
        assert uuid == TLP_CLEAR.partition("--")[2] or re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}", uuid)
    assert stix_bundle(published.publication) == stix_bundle(published.publication)


def test_everything_is_marked_with_the_published_object_of_tlp_clear(published: Published) -> None:
    assert TLP_CLEAR == "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
    assert objects(published)[0]["id"] == TLP_CLEAR


def test_whoever_publishes_says_so_itself(published: Published) -> None:
    (maker,) = [one for one in objects(published) if one.get("created_by_ref") == one["id"]]
    assert maker["name"] == "Test register"


def test_everything_that_is_referred_to_is_there_and_marked(published: Published) -> None:
    found = objects(published)
    ids = {one["id"] for one in found}
    for one in found:
        refs = [*one.get("object_refs", ()), *one.get("object_marking_refs", ()), one.get("created_by_ref", one["id"])]
        assert set(refs) <= ids
        assert one["type"] == "marking-definition" or one["object_marking_refs"] == [TLP_CLEAR]
        assert set(one.get("extensions", ())) <= ids | {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"}
        assert one.get("created", "") <= one.get("modified", "9")


def test_a_tombstone_is_revoked_and_a_dispute_is_an_opinion(published: Published) -> None:
    reports = [one for one in objects(published) if one["type"] == "report"]
    revoked = {one["name"] for one in reports if one.get("revoked")}
    assert revoked == {"withdrawn: Quillfern Model Works Ltd", "An erased entry"}
    (opinion,) = [one for one in objects(published) if one["type"] == "opinion"]
    assert (opinion["opinion"], opinion["explanation"]) == ("strongly-disagree", "That was not us.")
    assert "Secretfern" not in stix_bundle(published.publication)


def test_our_own_fields_are_in_one_property_extension(published: Published) -> None:
    definitions = [one for one in objects(published) if one["type"] == "extension-definition"]
    fields = [
        one["extensions"][definitions[0]["id"]]
        for one in objects(published)
        if one["type"] == "report" and "extensions" in one
    ]
    assert [f["status"] for f in fields] == ["alleged", "contested", "withdrawn", "alleged"]
    assert all(f["extension_type"] == "property-extension" for f in fields)
