"""Accounts that first called on the same day."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("start_day", family=Family.TIMING, needs=("hour",), max_bits=5.0, seeds=True, partial=True)
def start_day(calls: Frame, *, hours: int = 24, min_calls: int = 3) -> Frame:
    """See in which window of ``hours`` each account made its first call.

    Catches: a pool of accounts put to work at once, or reborn after a ban.
    Misses: slow ramps; logs that begin after the campaign did.
    False alarms: a product launch, a class's first day.
    Source: AA26-251A, indicator 2 (no ramp); Anthropic, September 2026 (second pool after a ban).
    """
    first = calls.group_by("account").agg(first=nw.col("hour").min(), calls=nw.len())
    return first.filter(nw.col("calls") >= min_calls).select("account", "calls", observable=nw.col("first") // hours)
