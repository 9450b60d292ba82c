"""Accounts that made their last call on the same day."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("stop_day", family=Family.TIMING, needs=("hour",), max_bits=5.0, seeds=True, partial=True)
def stop_day(calls: Frame, *, hours: int = 24, min_calls: int = 3) -> Frame:
    """See in which window of ``hours`` each account made its last call.

    Catches: a work queue that ran dry, or a pool stopped at once.
    Misses: campaigns that still run when the log ends.
    False alarms: the end of a course or a contract.
    Source: Anthropic, September 2026 (a pool banned at once).
    """
    last = calls.group_by("account").agg(last=nw.col("hour").max(), calls=nw.len())
    return last.filter(nw.col("calls") >= min_calls).select("account", "calls", observable=nw.col("last") // hours)
