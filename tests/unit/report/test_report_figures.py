from __future__ import annotations

from datetime import timedelta

import pytest
from report_folder import START

from stillwatch.report import figures


def points(calls: list[int], *, step: timedelta) -> list[dict[str, object]]:
    return [
        {"at": f"{START + i * step:%Y-%m-%dT%H:%M:%SZ}", "calls": c, "accounts": min(c, 7)} for i, c in enumerate(calls)
    ]


def test_evidence_for_goes_right_and_evidence_against_left_of_the_middle() -> None:
    assert figures.bar(6.0) == figures.Bar(50.0, 25.0, against=False)
    assert figures.bar(-3.0) == figures.Bar(37.5, 12.5, against=True)
    assert figures.bar(40.0).width == 50.0


def test_an_hour_without_calls_is_a_gap_and_one_call_among_thousands_is_seen() -> None:
    drawn = figures.timeline(points([1, 0, 5_000], step=timedelta(hours=1)))
    assert drawn is not None
    assert drawn.rows[0].path == "M0 100V98h.9V100zM2 100V0h.9V100z"
    assert drawn.rows[0].title == "Calls per hour"
    assert "1 of 3 hours had none" in drawn.says


def test_days_say_that_accounts_are_those_of_the_busiest_hour() -> None:
    drawn = figures.timeline(points([3, 4], step=timedelta(days=1)))
    assert drawn is not None
    assert [row.title for row in drawn.rows] == ["Calls per day", "Accounts active in the busiest hour of each day"]


def test_no_points_no_timeline() -> None:
    assert figures.timeline([]) is None


def test_working_hours_are_counted_without_stragglers() -> None:
    strip = figures.strip([0] * 8 + [100] * 10 + [1] + [0] * 5)
    assert strip is not None
    assert strip.says.startswith("Used in 10 of 24 hours; the busiest, from 08:00 UTC")
    assert strip.fields[0] == 0.0
    assert strip.fields[8] == 1.0


@pytest.mark.parametrize("hours", [[], [0] * 24, [1] * 23])
def test_hours_that_say_nothing_are_not_drawn(hours: list[int]) -> None:
    assert figures.strip(hours) is None
