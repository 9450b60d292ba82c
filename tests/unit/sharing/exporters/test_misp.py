"""MISP events, read by PyMISP."""

from __future__ import annotations

from copy import deepcopy

from pymisp import MISPEvent

from sharing_world import parcel
from stillwatch.sharing.exporter import find_exporter
from stillwatch.sharing.stix_list import stix_list

EVENT = find_exporter("misp").documents(parcel())[0]["response"][0]


def test_pymisp_reads_it_and_keeps_every_attribute() -> None:
    event = MISPEvent()
    event.load(deepcopy(EVENT))  # PyMISP empties what it is given
    assert len(event.attributes) == 10
    assert {t.name for t in event.tags} >= {"tlp:amber", 'mitre-atlas:technique="AML.T0024.002"'}
    again = MISPEvent()
    again.load(event.to_json())
    assert {a.value for a in again.attributes} == {a["value"] for a in EVENT["Event"]["Attribute"]}


def test_uses_only_types_that_misp_has_in_that_category() -> None:
    known = MISPEvent().describe_types["category_type_mappings"]
    assert all(a["type"] in known[a["category"]] for a in EVENT["Event"]["Attribute"])


def test_an_attribute_has_the_uuid_of_the_stix_indicator() -> None:
    indicators = {o["id"].partition("--")[2] for o in stix_list(parcel()) if o["type"] == "indicator"}
    assert indicators <= {a["uuid"] for a in EVENT["Event"]["Attribute"]}
