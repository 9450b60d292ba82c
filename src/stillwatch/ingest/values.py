"""One value at a time, to what a column wants: slow and exact, where a vectorised cast refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import cast
from uuid import UUID

import orjson
import pyarrow as pa

from stillwatch.records import Column

REPAIRED = "repaired text"
"""The kind of warning: characters that are not Unicode text became U+FFFD."""

JSON_COLUMNS = frozenset({"messages", "prompt", "system"})
"""Text columns in which a list or mapping is kept as JSON; in any other it is a mistake."""

SHOWN = 60
"""Characters of a wrong value shown in a message: one terminal line with the path."""

EPOCH_LIMITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
"""Epoch numbers by magnitude, as (below, microseconds in one): seconds below 10^11 (the year 5138),
milliseconds below 10^14, microseconds below 10^17, else nanoseconds. Each later unit starts in March 1973,
before any API log."""

EPOCH_END = 10**21
"""No number from here on is a time: as nanoseconds it is past the year 9999."""

Converter = Callable[[object], object]


def repair_text(text: str) -> tuple[str, bool]:
    """Replace lone surrogates by U+FFFD; say whether there were any."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), True
    return text, False


def decode_text(raw: bytes) -> tuple[str, bool]:
    """Decode UTF-8 with U+FFFD for what is not; say whether there was any."""
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), True


def to_text(value: object, *, json_allowed: bool) -> tuple[str | None, bool]:
    """Return a value as text, and whether it was repaired. Raises ValueError for what is not one text."""
    if isinstance(value, str):
        return repair_text(value)
    if isinstance(value, bytes):
        return decode_text(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, False
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int | float | Decimal | datetime | date | UUID):
        return str(value), False
    if json_allowed and isinstance(value, list | dict | tuple):
        return to_json(value)
    raise ValueError(f"is {show(value)}, not text")


def to_json(value: object) -> tuple[str, bool]:
    """Return a list or mapping as JSON text, and whether its text had to be repaired."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode(), False
    except TypeError:
        return repair_text(json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":")))


def to_integer(value: object) -> int | None:
    """Return a whole number. Raises ValueError for anything else; a fraction is not rounded."""
    number = to_number(value)
    if number is None:
        return None
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"is {show(value)}, not a whole number")
    return int(number)


def to_asn(value: object) -> int | None:
    """Return an autonomous system number, with or without its usual prefix (AS64500; RFC 5396). Raises ValueError."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return to_integer(text.strip().upper().removeprefix("AS") if isinstance(text, str) else text)


def to_number(value: object) -> float | None:
    """Return a number; not-a-number and empty text are unknown. Raises ValueError for anything else."""
    if value is None or value == "":
        return None
    try:
        number = float(cast("str", value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"is {show(value)}, not a number") from None
    return None if math.isnan(number) else number


def to_flag(value: object) -> bool | None:
    """Return true or false; 0, 1 and the usual words are understood. Raises ValueError for anything else."""
    if value is None or isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}
    word = str(value).strip().lower() if isinstance(value, str | int) else "?"
    if word not in words:
        raise ValueError(f"is {show(value)}, not true or false")
    return words[word]


def to_time(value: object) -> datetime | None:
    """Return a time in UTC from a datetime, ISO 8601 text or epoch number; a time without zone is UTC.

    Raises ValueError for anything else, and for times outside the years 1 to 9999.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        time = _parse_time(value)
    except (ValueError, ArithmeticError):
        raise ValueError(f"is {show(value)}, not a time") from None
    return time


def _parse_time(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return to_utc(datetime.fromisoformat(value.strip()))
        except ValueError:
            return from_epoch(Decimal(value.strip()))
    if isinstance(value, datetime):
        return to_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return from_epoch(Decimal(str(value)))


def from_epoch(number: Decimal) -> datetime:
    """Return the time of an epoch number, its unit guessed by magnitude (EPOCH_LIMITS).

    Raises ValueError or OverflowError for a number that is no time.
    """
    if not number.is_finite() or abs(number) >= EPOCH_END:
        raise ValueError(number)
    micros = next((number * times for below, times in EPOCH_LIMITS if abs(number) < below), number / 1_000)
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(micros))


def to_utc(time: datetime) -> datetime:
    """Return the time in UTC; one without zone is UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def converter(column: Column) -> Converter:
    """Return the function that turns one value into what the column wants, or raises ValueError.

    For text it returns a pair: the text, and whether it was repaired.
    """
    if pa.types.is_large_string(column.type):
        return partial(to_text, json_allowed=column.name in JSON_COLUMNS)
    if pa.types.is_timestamp(column.type):
        return to_time
    if pa.types.is_boolean(column.type):
        return to_flag
    if column.name == "client_asn":
        return to_asn
    return to_integer if pa.types.is_integer(column.type) else to_number


def show(value: object) -> str:
    """Return a value for a message: short, printable, and with credentials cut off by its shortness."""
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of hundreds of digits"
    text = repr(value[:SHOWN] if isinstance(value, str | bytes) else value)
    if not isinstance(value, str | int | float | bytes):
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
