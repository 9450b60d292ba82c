from __future__ import annotations

import pytest

from stillwatch.errors import DirectoryError
from stillwatch.gateway.directory.times import read_datetime, read_end, read_seconds, show_time


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("45s", 45), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)])
def test_durations(text: str, seconds: int) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "1w", "٣d", "1d 2h", "9999999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DirectoryError, match="not a duration"):
        read_seconds(text)


def test_an_end_is_a_time_or_a_duration_from_now() -> None:
    assert read_end("2026-12-31T00:00:00Z", now=5.0) == 1_798_675_200.0
    assert read_end("1h", now=5.0) == 3605.0
    assert read_end(None, now=5.0) is None


@pytest.mark.parametrize("text", ["2026-12-31", "2026-12-31T00:00:00", "tomorrow", "2026-13-01T00:00:00Z"])
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(DirectoryError, match="2026-12-31T00:00:00Z"):
        read_datetime(text)


def test_times_are_shown_in_utc() -> None:
    assert show_time(1_798_675_200.9) == "2026-12-31T00:00:00Z"
    assert show_time(None) is None
