"""Accounts that are used for equally long."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("lifetime", family=Family.TIMING, needs=("hour",), max_bits=2.5, partial=True)
def lifetime(calls: Frame, *, hours: int = 24, min_calls: int = 6) -> Frame:
    """See how many windows of ``hours`` lie between the first and the last call of each account.

    Accounts with fewer than ``min_calls`` calls say little of how long they were in use, and those that ran once, for
    less than one window, were not in use for any time: most of them are strangers' scripts.

    Catches: rotation: accounts used one after the other, each for as many days, whose starts and stops are spread.
    Misses: accounts retired at random; logs shorter than a stint.
    False alarms: everybody who was there all the time: common, so light; trial periods.
    Source: Anthropic, September 2026 (273 rotating accounts).
    """
    used = calls.group_by("account").agg(first=nw.col("hour").min(), last=nw.col("hour").max(), calls=nw.len())
    known = used.filter((nw.col("calls") >= min_calls) & (nw.col("last") - nw.col("first") >= hours))
    return known.select("account", "calls", observable=(nw.col("last") - nw.col("first")) // hours)
