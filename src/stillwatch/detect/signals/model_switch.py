"""Accounts that turned to another model on the same day."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("model_switch", family=Family.TIMING, needs=("model",), max_bits=5.0, seeds=True)
def model_switch(calls: Frame, *, hours: int = 24) -> Frame:
    """See when each account that had used another model first called its latest one.

    Catches: a campaign retargeted within a day of a release (Anthropic, February 2026; AA26-251A, indicator 9).
    Misses: campaigns that stay with one model.
    False alarms: release-day enthusiasm: shared by many strangers, so light.
    """
    used = calls.group_by("account", "model").agg(first=nw.col("hour").min(), calls=nw.len())
    span = used.group_by("account").agg(models=nw.len(), first=nw.col("first").max(), calls=nw.col("calls").sum())
    switched = span.filter(nw.col("models") > 1)
    return switched.select("account", "calls", observable=nw.col("first") // hours)
