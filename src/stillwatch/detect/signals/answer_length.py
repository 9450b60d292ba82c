"""Accounts whose answers are equally long."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("answer_length", family=Family.ECONOMY, needs=("output_tokens",), max_bits=1.0, of_tool=True)
def answer_length(calls: Frame) -> Frame:
    """See the mean output tokens of each account's calls, in powers of two.

    Catches: one kind of item answered everywhere.
    Misses: campaigns of mixed tasks.
    False alarms: every chat of ordinary length: common, so light.
    Source: Glasswally's velocity rule (little variation of token counts).
    """
    known = calls.filter(~nw.col("output_tokens").is_null())
    sums = known.group_by("account").agg(tokens=nw.col("output_tokens").cast(nw.Int64).sum(), calls=nw.len())
    mean = sums.with_columns(mean=nw.col("tokens") // nw.col("calls"))
    return mean.select("account", "calls", observable=(nw.col("mean") + 1).log(2).floor())
