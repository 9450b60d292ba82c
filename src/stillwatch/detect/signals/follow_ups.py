"""Accounts that never ask a second time, and those that converse."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("follow_ups", family=Family.ECONOMY, needs=("turns",), max_bits=2.0, of_tool=True)
def follow_ups(calls: Frame, *, min_calls: int = 3) -> Frame:
    """See which tenth of each account's calls continues a conversation.

    Catches: harvesting: one question, one answer, next.
    Misses: campaigns that harvest dialogues.
    False alarms: every single-turn application: common, so light.
    Source: Our judgement: training sets are made of first answers.
    """
    shape = calls.select("account", follow=nw.when(nw.col("turns") > 0).then(1).otherwise(0))
    sums = shape.group_by("account").agg(follow=nw.col("follow").sum(), calls=nw.len())
    known = sums.filter(nw.col("calls") >= min_calls)
    return known.select("account", "calls", observable=(nw.col("follow") * 10) // nw.col("calls"))
