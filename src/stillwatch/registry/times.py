"""Times as the register writes and reads them: whole seconds since 1970, shown as dates in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from stillwatch.errors import RegistryError


def show_date(at: int | None) -> str:
    """Write a day, such as 1 June 2026; a dash for none."""
    return "–" if at is None else f"{datetime.fromtimestamp(at, UTC):%-d %B %Y}"  # noqa: RUF001 - a dash


def show_time(at: int) -> str:
    """Write ISO 8601 in UTC, to the second."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def iso_date(at: int) -> str:
    """Write ISO 8601, the day alone."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def read_date(text: str, *, what: str) -> int:
    """Read a day (its end, UTC: whoever is given until a day has all of it). Raises RegistryError."""
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise RegistryError(f"{what}: {text!r} is no date; write 2026-12-31") from None
    return int(day.timestamp()) + 86_399
