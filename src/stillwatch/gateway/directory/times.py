"""Points in time as people write them: ``2026-12-31T00:00:00Z``, or ``90d`` from now."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from stillwatch.errors import DirectoryError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def read_seconds(text: str) -> float:
    """Read a duration: a whole number and s, m, h or d. Raises DirectoryError."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise DirectoryError(f"{text!r} is not a duration; write 30m, 24h or 90d")
    return float(int(found[1]) * _UNITS[found[2]])


def read_datetime(text: str) -> datetime:
    """Read ISO 8601 with its zone. Raises DirectoryError."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as problem:
        raise DirectoryError(f"{text!r} is not a time; write 2026-12-31T00:00:00Z") from problem
    if at.tzinfo is None:
        raise DirectoryError(f"{text!r} has no zone; write it with Z for UTC, 2026-12-31T00:00:00Z")
    return at


def read_end(text: str | None, *, now: float) -> float | None:
    """Read when something ends, as a time or as a duration from now: seconds since 1970, None for never."""
    if text is None:
        return None
    if _DURATION.fullmatch(text.strip()):
        return now + read_seconds(text)
    return read_datetime(text).timestamp()


def show_time(at: float | None) -> str | None:
    """Write seconds since 1970 as ISO 8601 in UTC, to the second."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
