"""The dry run's list of fields."""

from __future__ import annotations

from typing import Any

from sharing_world import campaign, observable, parcel
from stillwatch.sharing.exporter import Exporter, Form, find_exporter
from stillwatch.sharing.leaving import UNKNOWN, Field, list_fields, list_withheld


def test_every_leaf_has_its_object_name_value_and_meaning() -> None:
    made = Exporter("x", Form.JSON, lambda _: [], {"a": "the a", "b": "the b"})
    document: dict[str, Any] = {"a": 1, "list": [{"b": 2}, {"b": [3, 4]}], "empty": [], "none": None}
    assert list_fields(made, [document]) == [
        Field("x", "a", "1", "the a"),
        Field("x, list 1", "b", "2", "the b"),
        Field("x, list 2", "b", "3", "the b"),
        Field("x, list 2", "b", "4", "the b"),
        Field("x", "empty", "[]", UNKNOWN),
        Field("x", "none", "None", UNKNOWN),
    ]


def test_stix_objects_are_named_by_type_and_id_and_extensions_by_what_they_extend() -> None:
    fields = list_fields(find_exporter("stix"), find_exporter("stix").documents(parcel()))
    (asn,) = [f for f in fields if f.value == "[autonomous-system:number = 64501]"]
    assert asn.of.startswith("indicator ")
    family = next(f for f in fields if f.name == "match_weight_bits")
    assert family.of == f"{family.of.split(',')[0]}, extensions"


def test_what_stays_is_listed_with_the_reason_once() -> None:
    made = parcel(
        campaign(observables=[observable("model", "m"), observable("model", "n"), observable("address", "x")])
    )
    rows = [(what, why) for _, what, why in list_withheld(made.campaigns)]
    assert [what for what, _ in rows].count("model") == 1
    assert ("names of accounts and members", "they would name customers") in rows
