"""Accounts that are active around the clock, and those that sleep."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("round_the_clock", family=Family.TIMING, needs=("hour",), max_bits=1.5, partial=True)
def round_the_clock(calls: Frame, *, min_calls: int = 24, min_hours: int = 48) -> Frame:
    """See how many hours of the day each account uses, in steps of four.

    Accounts with fewer than ``min_calls`` calls say nothing: 24 calls are the fewest that could touch every hour. Nor
    do those whose first and last call are less than ``min_hours`` apart: a script that ran once shows no rhythm.

    Catches: machines without human rhythm.
    Misses: campaigns that keep office hours.
    False alarms: nightly jobs, services with customers everywhere: shared by many, so light.
    Source: AA26-251A, indicator 1.
    """
    dated = calls.select("account", "hour", hour_of_day=nw.col("hour") % 24)
    used = dated.group_by("account", "hour_of_day").agg(
        calls=nw.len(), first=nw.col("hour").min(), last=nw.col("hour").max()
    )
    day = used.group_by("account").agg(
        hours=nw.len(), calls=nw.col("calls").sum(), first=nw.col("first").min(), last=nw.col("last").max()
    )
    busy = day.filter((nw.col("calls") >= min_calls) & (nw.col("last") - nw.col("first") >= min_hours))
    return busy.select("account", "calls", observable=nw.col("hours") // 4)
