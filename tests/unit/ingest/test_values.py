from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from stillwatch.ingest.values import (
    converter,
    repair_text,
    show,
    to_flag,
    to_integer,
    to_number,
    to_text,
    to_time,
)
from stillwatch.records import CALL_LOG

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
SECONDS = int(AT.timestamp())
COLUMNS = {c.name: c for c in CALL_LOG.columns}


@pytest.mark.parametrize(
    "value",
    [
        AT,
        "2026-02-03T04:05:06Z",
        "2026-02-03 04:05:06",
        "2026-02-03T13:05:06+09:00",
        "2026-02-03T04:05:06.000000000Z",
        SECONDS,
        float(SECONDS),
        str(SECONDS),
        SECONDS * 1_000,
        SECONDS * 1_000_000,
        SECONDS * 1_000_000_000,
        str(SECONDS * 1_000_000_000),
    ],
)
def test_reads_a_time_in_every_usual_form(value: object) -> None:
    assert to_time(value) == AT


def test_reads_a_day_and_nothing() -> None:
    assert to_time(date(2026, 2, 3)) == datetime(2026, 2, 3, tzinfo=UTC)
    assert to_time(None) is to_time("") is None


@pytest.mark.parametrize("value", ["yesterday", "nan", "1e99999999", 10**30, float("inf"), [], "2026-13-01"])
def test_refuses_what_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match="not a time"):
        to_time(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (b"a", "a"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (Decimal(7), "7"),
        (None, None),
        (float("nan"), None),
    ],
)
def test_turns_names_of_other_types_into_text(value: object, text: str | None) -> None:
    assert to_text(value, json_allowed=False) == (text, False)


def test_keeps_structure_as_json_only_where_it_means_something() -> None:
    assert to_text([{"role": "user"}], json_allowed=True) == ('[{"role":"user"}]', False)
    with pytest.raises(ValueError, match="a list, not text"):
        to_text([1], json_allowed=False)
    number = "12345678123456781234567812345678"
    assert to_text(UUID(number), json_allowed=False)[0] == str(UUID(number))


def test_repairs_only_what_is_broken() -> None:
    assert repair_text("é\U0001f600\x00") == ("é\U0001f600\x00", False)
    assert repair_text("a\ud800b") == ("a\ufffdb", True)


@pytest.mark.parametrize(("value", "number"), [(5, 5), (5.0, 5), ("5", 5), (True, 1), ("", None), (float("nan"), None)])
def test_reads_whole_numbers(value: object, number: int | None) -> None:
    assert to_integer(value) == number


@pytest.mark.parametrize("value", [5.5, "x", [], "5.5", float("inf"), 10**400])
def test_never_rounds_a_fraction_or_guesses_a_number(value: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        to_integer(value)


def test_reads_numbers_and_flags() -> None:
    assert to_number("0.5") == 0.5
    assert [to_flag(v) for v in (True, 0, "yes", "FALSE", None, "")] == [True, False, True, False, None, None]
    with pytest.raises(ValueError, match="'maybe', not true or false"):
        to_flag("maybe")


def test_shows_a_value_in_one_short_line() -> None:
    assert len(show("x" * 10_000)) < 80
    assert show(10**5000) == "a number of hundreds of digits"
    assert show({"a": 1}) == "a dict"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("model", 7, ("7", False)),
        ("n", "2", 2),
        ("temperature", "0.5", 0.5),
        ("stream", 1, True),
        ("started_at", SECONDS, AT),
    ],
)
def test_chooses_the_conversion_by_the_column(name: str, value: object, wanted: object) -> None:
    assert converter(COLUMNS[name])(value) == wanted
