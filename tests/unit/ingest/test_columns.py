from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.ingest.columns import MISREAD, OUT_OF_RANGE, Odd, clean_array, clean_values
from stillwatch.ingest.values import to_time
from stillwatch.records import CALL_LOG

COLUMNS = {c.name: c for c in CALL_LOG.columns}
AT = datetime(2026, 2, 3, 4, 5, 6, 500_000, tzinfo=UTC)
SECONDS = AT.timestamp()


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([1, 2, None], pa.uint64()),
        pa.array([1.0, 2.0, float("nan")]),
        pa.array(["1", "2", None]),
        pa.array([b"1", b"2", None]),
        pa.array(["1", "2", None]).dictionary_encode(),
        pa.array(["1", "2", ""], pa.string_view()),
    ],
)
def test_casts_numbers_of_every_type(array: pa.Array) -> None:
    cleaned = clean_array(array, COLUMNS["n"])
    assert cleaned.array.equals(pa.array([1, 2, None], pa.int64()))
    assert cleaned.bad == {}


def test_only_the_fraction_among_whole_numbers_is_unknown() -> None:
    for cleaned in (
        clean_array(pa.array([1.0, 1.5, 3.0]), COLUMNS["n"]),
        clean_values([1.0, 1.5, 3], COLUMNS["n"]),
    ):
        assert cleaned.array.to_pylist() == [1, None, 3]
        assert cleaned.bad == {}
        assert cleaned.odd[MISREAD] == Odd(1, 1, "is 1.5, not a whole number")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n", [-1, 2**31, 5]),
        ("temperature", [float("inf"), -1e9, 5.0]),
        ("output_tokens", [2**70, -(2**70), 5]),
    ],
)
def test_makes_numbers_that_cannot_be_meant_unknown_but_keeps_the_rows(name: str, values: list[Any]) -> None:
    cleaned = clean_values(values, COLUMNS[name])
    assert cleaned.array.to_pylist() == [None, None, 5]
    assert cleaned.bad == {}
    assert cleaned.odd[OUT_OF_RANGE] == Odd(2, 0)


@pytest.mark.parametrize("scale", [1, 1_000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("kind", ["float", "int", "text"])
def test_reads_epoch_times_like_the_slow_way(scale: int, kind: str) -> None:
    whole = int(SECONDS) * scale
    values: list[Any] = {"float": [whole + 0.5], "int": [whole], "text": [str(whole)]}[kind]
    wanted = to_time(values[0])
    found = clean_array(pa.array([*values, None]), COLUMNS["started_at"]).array.to_pylist()
    assert abs((found[0] - wanted).total_seconds()) < 1e-6
    assert found[1] is None


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-02-03T04:05:06.5Z", "2026-02-03T13:05:06.5+09:00"],
        ["2026-02-03T04:05:06.5", "2026-02-03 04:05:06.500000"],
        ["2026-02-03T04:05:06.500000000Z", "2026-02-03T04:05:06.500000001Z"],
        ["2026-02-03T04:05:06.5Z", "1770091506.5"],
    ],
)
def test_reads_times_written_as_text(texts: list[str]) -> None:
    assert clean_array(pa.array(texts), COLUMNS["started_at"]).array.to_pylist() == [AT, AT]


def test_refuses_times_that_no_calendar_has() -> None:
    far = pa.array([0, 2**62], pa.int64()).cast(pa.timestamp("us", "UTC"))
    assert list(clean_array(far, COLUMNS["started_at"]).bad) == [1]
    wraps = (2**64 + 10**12) // 10**6  # seconds whose microseconds, cast without care, are in 1970
    assert list(clean_array(pa.array([0, wraps]).cast(pa.timestamp("s")), COLUMNS["started_at"]).bad) == [1]


def test_takes_not_a_number_for_unknown() -> None:
    cleaned = clean_array(pa.array([0.5, float("nan")]), COLUMNS["temperature"])
    assert cleaned.array.to_pylist() == [0.5, None]
    assert cleaned.odd == {}


def test_counts_what_it_repairs() -> None:
    cleaned = clean_values(["ok", "a\ud800", 7], COLUMNS["prompt"])
    assert cleaned.array.to_pylist() == ["ok", "a\ufffd", "7"]
    assert cleaned.odd == {"repaired text": Odd(1, 1)}
