"""Accounts that turned to another model on the same day."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("model_switch", family=Family.TIMING, needs=("hour", "model"), max_bits=5.0, seeds=True)
def model_switch(calls: Frame, *, hours: int = 24) -> Frame:
    """See in which window of ``hours`` each account took up its latest model, if it used another in an earlier one.

    Catches: a campaign retargeted within a day of a release.
    Misses: campaigns that stay with one model.
    False alarms: release-day enthusiasm: shared by many strangers, so light.
    Source: Anthropic, February 2026 (half the traffic moved within 24 hours); AA26-251A, indicator 9.
    """
    used = calls.group_by("account", "model").agg(first=nw.col("hour").min(), calls=nw.len())
    span = used.group_by("account").agg(
        first=nw.col("first").max(), before=nw.col("first").min(), calls=nw.col("calls").sum()
    )
    switched = span.filter(nw.col("first") // hours > nw.col("before") // hours)
    return switched.select("account", "calls", observable=nw.col("first") // hours)
