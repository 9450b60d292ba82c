"""Times as the register writes them."""

from __future__ import annotations

import pytest

from registers import NOW
from stillwatch.errors import RegistryError
from stillwatch.registry.times import iso_date, read_date, show_date, show_time


def test_times_are_in_utc() -> None:
    assert (show_date(NOW), iso_date(NOW)) == ("21 September 2026", "2026-09-21")
    assert show_time(NOW) == "2026-09-21T14:13:20Z"
    assert show_date(None) == "–"  # noqa: RUF001 - a dash


def test_a_day_lasts_until_its_end() -> None:
    assert show_time(read_date("2026-12-31", what="until")) == "2026-12-31T23:59:59Z"
    for text in ("31.12.2026", "2026-02-30", ""):
        with pytest.raises(RegistryError, match="is no date"):
            read_date(text, what="until")
