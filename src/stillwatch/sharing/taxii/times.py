"""Times on the wire: RFC 3339 in UTC with Z, and whole microseconds since 1970 inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SHAPE = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def read_time(text: str) -> int | None:
    """Return microseconds since 1970, finer digits cut; None for what is no STIX or TAXII timestamp."""
    found = _SHAPE.fullmatch(text)
    if not found:
        return None
    try:
        whole = datetime.fromisoformat(f"{text[:19]}+00:00")
    except ValueError:
        return None
    fraction = (found[1] or ".")[1:7].ljust(6, "0")
    return (whole - _EPOCH) // _MICROSECOND + int(fraction)


def write_time(microseconds: int) -> str:
    """Write microseconds since 1970 with all six digits, so that equal times are equal texts."""
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
