"""One column at a time, to what ``records`` says: vectorised where it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.ingest.values import EPOCH_LIMITS, REPAIRED, converter, show
from stillwatch.records import Column

OUT_OF_RANGE = "number out of range"
"""The kind of warning: a number that cannot be meant became unknown. What a caller can set must not hide the
call."""

MISREAD = "value not understood"
"""The kind of warning: a value of an optional column that says nothing in its type became unknown. With --strict it is
an error."""

ASN_LIMIT = 2**32 - 1
"""The largest autonomous system number (RFC 6793)."""

COUNT_LIMIT = 2**31 - 1
"""The largest count: tokens, milliseconds and ceilings are 32-bit in records.CALLS, and 2 billion of any is a
mistake."""

TIME_LIMIT_SECONDS = (-62_135_596_800, 253_402_300_799)
"""The years 1 to 9999, which is what date functions everywhere can show."""

CAST_PROBLEMS = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What pyarrow raises when values do not fit a type."""


@dataclass(frozen=True)
class Odd:
    """How many rows are odd in one way, the first of them, and what is wrong with it."""

    count: int
    first: int
    problem: str = ""


@dataclass
class Cleaned:
    """A column of the wanted type; which rows do not fit and why; which kept rows are odd, by kind."""

    array: pa.Array
    bad: dict[int, str] = field(default_factory=dict)
    odd: dict[str, Odd] = field(default_factory=dict)

    def add_odd(self, kind: str, *, count: int, first: int, problem: str = "") -> None:
        """Count odd rows, the first of them at ``first``, with what is wrong there."""
        before = self.odd.get(kind, Odd(0, first, problem))
        earlier = before if before.first <= first else Odd(0, first, problem)
        self.odd[kind] = Odd(before.count + count, earlier.first, earlier.problem)


def clean_array(array: pa.Array, column: Column) -> Cleaned:
    """Turn an Arrow array of any type into what the column wants."""
    try:
        array = _plain(array)
        cleaned = Cleaned(_cast(array, column))
    except CAST_PROBLEMS:
        values = _values(array)
        if not pa.types.is_large_string(column.type):
            values = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        return clean_values(values, column)
    return _in_range(cleaned, column)


def clean_values(values: list[Any], column: Column) -> Cleaned:
    """Turn Python values of any types into what the column wants."""
    try:
        # Told the type of a number, pyarrow cuts off fractions silently; a guessed one is cast with care.
        typed = pa.types.is_large_string(column.type)
        array = pa.array(values, column.type) if typed else _cast(pa.array(values), column)
    except CAST_PROBLEMS:
        return _one_by_one(values, column)
    return _in_range(Cleaned(array), column)


def _plain(array: pa.Array) -> pa.Array:
    """Undo dictionaries and extension types."""
    if isinstance(array, pa.ExtensionArray) and pa.types.is_string(array.storage.type):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array


def _cast(array: pa.Array, column: Column) -> pa.Array:
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), column.type)
    if pa.types.is_large_string(column.type):
        return _cast_text(array)
    if pa.types.is_timestamp(column.type):
        return _cast_time(array, column.type)
    if pa.types.is_floating(array.type):
        # Pandas writes a missing number as not-a-number.
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array.cast(column.type)


def _cast_text(array: pa.Array) -> pa.Array:
    if pa.types.is_floating(array.type):
        array = array.cast(pa.int64())
    text = array.cast(pa.large_string())
    # Arrow does not look at the bytes of a text column that it reads; later steps rely on UTF-8.
    text.validate(full=True)
    return text


def _cast_time(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        return array.cast(wanted, safe=array.type.unit != "ns")
    if pa.types.is_date(array.type):
        return array.cast(pa.timestamp("ms")).cast(wanted)
    if pa.types.is_integer(array.type):
        return _cast_epoch(array.cast(pa.int64())).cast(wanted)
    if pa.types.is_floating(array.type):
        return _cast_epoch_fraction(array).cast(wanted)
    return _parse_times(array, wanted)


def _parse_times(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    problem: Exception = pa.ArrowInvalid("no such time")
    for way in (wanted, pa.timestamp("ns", tz="UTC"), pa.timestamp("us"), pa.timestamp("ns")):
        try:
            return array.cast(way).cast(wanted, safe=False)
        except CAST_PROBLEMS as refused:
            problem = refused
    raise problem


def _cast_epoch(numbers: pa.Array) -> pa.Array:
    micros = pc.divide(numbers, 1_000)
    size = pc.abs_checked(numbers)
    for below, times in reversed(EPOCH_LIMITS):
        micros = pc.if_else(pc.less(size, below), pc.multiply(numbers, times), micros)
    return micros


def _cast_epoch_fraction(numbers: pa.Array) -> pa.Array:
    numbers = numbers.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    micros = pc.divide(numbers, 1_000.0)
    for below, times in reversed(EPOCH_LIMITS):
        micros = pc.if_else(pc.less(pc.abs(numbers), below), pc.multiply(numbers, float(times)), micros)
    return pc.round(micros).cast(pa.int64())


def _in_range(cleaned: Cleaned, column: Column) -> Cleaned:
    """Make numbers that cannot be meant unknown, and refuse times outside the calendar."""
    if pa.types.is_timestamp(column.type):
        low, high = (second * 1_000_000 for second in TIME_LIMIT_SECONDS)
        for row in _outside(cleaned.array.cast(pa.int64()), low, high):
            cleaned.bad[row] = f"{column.name} is outside the years 1 to 9999"
        return cleaned
    limits = _limits(column)
    if limits is None:
        return cleaned
    outside = _outside(cleaned.array, *limits)
    if outside:
        inside = pc.and_(pc.greater_equal(cleaned.array, limits[0]), pc.less_equal(cleaned.array, limits[1]))
        cleaned.array = pc.if_else(inside, cleaned.array, pa.scalar(None, column.type))
        cleaned.add_odd(OUT_OF_RANGE, count=len(outside), first=outside[0])
    return cleaned


def _limits(column: Column) -> tuple[float, float] | None:
    if pa.types.is_integer(column.type):
        return 0, ASN_LIMIT if column.name == "client_asn" else COUNT_LIMIT
    return (-1e6, 1e6) if pa.types.is_floating(column.type) else None


def _outside(numbers: pa.Array, low: float, high: float) -> list[int]:
    ends = pc.min_max(numbers)
    smallest, largest = ends["min"].as_py(), ends["max"].as_py()
    if smallest is None or (smallest >= low and largest <= high):
        return []
    rows: list[int] = pc.indices_nonzero(pc.or_(pc.less(numbers, low), pc.greater(numbers, high))).to_pylist()
    return rows


def _one_by_one(values: list[Any], column: Column) -> Cleaned:
    convert = converter(column)
    take: Callable[[object], tuple[object, str]] = _take_text if pa.types.is_large_string(column.type) else _take_number
    cleaned = Cleaned(pa.nulls(0))
    kept: list[object] = []
    for row, value in enumerate(values):
        kept.append(None)
        try:
            kept[row], odd = take(convert(value))
        except ValueError as problem:
            if column.required:
                cleaned.bad[row] = f"{column.name} {problem}"
            else:
                cleaned.add_odd(MISREAD, count=1, first=row, problem=str(problem))
            continue
        if odd:
            cleaned.add_odd(odd, count=1, first=row)
    cleaned.array = pa.array(kept, column.type)
    return _in_range(cleaned, column)


def _take_text(result: object) -> tuple[object, str]:
    text, repaired = result if isinstance(result, tuple) else (result, False)
    return text, REPAIRED if repaired else ""


def _take_number(result: object) -> tuple[object, str]:
    if isinstance(result, int | float) and not -(2**63) <= result < 2**63:
        return None, OUT_OF_RANGE
    return result, ""


def _values(array: pa.Array) -> list[Any]:
    """Return Python values of an array; text as bytes, for it may not be UTF-8."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return list(array.cast(pa.large_string()).view(pa.large_binary()).to_pylist())
    try:
        return list(array.to_pylist())
    except (UnicodeDecodeError, ValueError, OverflowError):
        return [_value(scalar) for scalar in array]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError) as problem:
        return Unreadable(str(problem))


@dataclass(frozen=True)
class Unreadable:
    """Stands for what Arrow holds and Python cannot: the year 10000, nested text that is no UTF-8."""

    problem: str

    def __repr__(self) -> str:
        return show(self.problem)
