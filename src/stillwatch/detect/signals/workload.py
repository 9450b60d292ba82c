"""Accounts with the same number of calls."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("workload", family=Family.ECONOMY, needs=("account",), max_bits=1.5, of_tool=True)
def workload(calls: Frame, *, min_calls: int = 3) -> Frame:
    """See the number of calls of each account, in powers of two.

    Catches: a load balancer that gives every account the same share; people are heavy-tailed.
    Misses: shares drawn to look human.
    False alarms: a quota that many hit: common, so light; a published set of items, which is why it counts as a tool's.
    Source: Anthropic, February 2026 (load balancing).
    """
    sums = calls.group_by("account").agg(calls=nw.len())
    return sums.filter(nw.col("calls") >= min_calls).select(
        "account", "calls", observable=nw.col("calls").log(2).round()
    )
