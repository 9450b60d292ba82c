"""Accounts that use every answer up to its ceiling."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("ceiling_use", family=Family.ECONOMY, needs=("ceiling", "output_tokens"), max_bits=2.0, of_tool=True)
def ceiling_use(calls: Frame) -> Frame:
    """See which quarter of the output ceiling each account's answers fill on average.

    Catches: maximal use of what is paid for.
    Misses: ceilings set far above need.
    False alarms: ceilings set too low by honest users.
    Source: Glasswally's token-budget rule.
    """
    known = calls.filter((nw.col("ceiling") > 0) & ~nw.col("output_tokens").is_null())
    sums = known.group_by("account").agg(
        written=nw.col("output_tokens").cast(nw.Int64).sum(),
        allowed=nw.col("ceiling").cast(nw.Int64).sum(),
        calls=nw.len(),
    )
    return sums.select("account", "calls", observable=(nw.col("written") * 4) // nw.col("allowed"))
