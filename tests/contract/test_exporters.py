"""What every exporter keeps, ours and others': run over all that are registered."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sharing_world import SECRETS, campaign, parcel
from stillwatch.errors import PluginError, SettingsError
from stillwatch.sharing.exporter import Document, Form, exporter, find_exporter, find_exporters
from stillwatch.sharing.leaving import UNKNOWN, list_fields
from stillwatch.sharing.nouns import Parcel

EXPORTERS = find_exporters()
NAMES = [e.name for e in EXPORTERS]
each = pytest.mark.parametrize("one", EXPORTERS, ids=NAMES)


def test_finds_the_exporters_that_the_documentation_promises() -> None:
    assert NAMES == ["csv", "misp", "ocsf", "stix"]


@each
def test_says_what_it_writes(one: Any) -> None:
    assert one.says.endswith(".")


@each
def test_equal_parcels_make_equal_bytes(one: Any) -> None:
    assert one.write(one.documents(parcel())) == one.write(one.documents(parcel()))


@each
def test_every_field_that_leaves_has_a_meaning_and_every_meaning_is_of_a_field(one: Any) -> None:
    fields = list_fields(one, one.documents(parcel()))
    assert [f.name for f in fields if f.meaning == UNKNOWN] == []
    assert set(one.meanings) == {f.name for f in fields}


@each
def test_the_dry_run_shows_every_value_that_is_written(one: Any) -> None:
    shown = {f.value for f in list_fields(one, one.documents(parcel()))}
    written = one.write(one.documents(parcel()))
    if one.form is Form.CSV:
        cells = {c for line in written.decode().splitlines()[1:] for c in line.split(",")}
        assert {c for c in cells if c.isalnum()} <= {part for value in shown for part in value.split(",")}
        return

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for inner in value.values() for leaf in leaves(inner)]
        return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]

    for line in [written] if one.form is Form.JSON else written.splitlines():
        assert {str(leaf) for leaf in leaves(orjson.loads(line))} <= shown


@each
def test_no_secret_of_the_report_leaves(one: Any) -> None:
    text = one.write(one.documents(parcel())).decode()
    assert not [s for s in SECRETS if s in text]


@each
def test_marks_how_far_it_may_be_passed_on_and_when_it_ends(one: Any) -> None:
    text = one.write(one.documents(parcel())).decode()
    assert "amber" in text.lower()
    assert "2026-07-12" in text  # the network's last day: last call and 14 days
    assert "AML.T0024.002" in text


@each
def test_takes_several_campaigns(one: Any) -> None:
    text = one.write(one.documents(parcel(campaign("C-one"), campaign("C-two")))).decode()
    assert "C-one" in text
    assert "C-two" in text


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="known: csv, misp, ocsf, stix"):
        find_exporter("xml")


def test_a_second_exporter_of_a_name_or_one_without_words_is_refused() -> None:
    def nothing(_: Parcel) -> list[Document]:
        return []

    with pytest.raises(PluginError, match="docstring"):
        exporter("new", form=Form.JSON, meanings={})(nothing)
    with pytest.raises(PluginError, match="rename one"):
        exporter("stix", form=Form.JSON, meanings={})(nothing)
