"""Accounts cut off together, and those that took over from them."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal(
    "handover",
    family=Family.TIMING,
    needs=("hour", "completed", "refused_by_limit"),
    max_bits=6.0,
    seeds=True,
    compares=True,
)
def handover(calls: Frame, *, hours: int = 12, min_cut_off: int = 10) -> Frame:
    """See which wave of refusals each account ended in, or began right after.

    A wave is a window of ``hours`` in which at least ``min_cut_off`` accounts were refused for good: nothing was
    completed afterwards. Accounts whose first completed call lies in that window or in the next hold it too.
    An account and its sub-streams count apart, so ten are three or four accounts at least.

    Catches: failover to a second pool when the first is banned.
    Misses: banned accounts whose refused calls are not logged; second pools kept back for days.
    False alarms: newcomers on the day of a ban or of an outage: each such day has many strangers, so light.
    Source: AA26-251A, indicator 8 (automatic failover); Anthropic, September 2026 (second pool after a ban).
    """
    lived = (
        calls.filter(nw.col("completed"))
        .group_by("account")
        .agg(first=nw.col("hour").min(), last=nw.col("hour").max(), calls=nw.len())
    )
    refused = calls.filter(nw.col("refused_by_limit")).select("account", "hour")
    for_good = refused.join(lived, on="account", how="inner").filter(nw.col("hour") >= nw.col("last"))
    cut_off = for_good.group_by("account").agg(hour=nw.col("hour").min(), calls=nw.col("calls").max())
    ended = cut_off.select("account", "calls", observable=nw.col("hour") // hours)
    waves = ended.group_by("observable").agg(accounts=nw.len()).filter(nw.col("accounts") >= min_cut_off)
    began = [lived.select("account", "calls", observable=nw.col("first") // hours - before) for before in (0, 1)]
    held = nw.concat([ended, *began], how="vertical").join(waves, on="observable", how="semi")
    return held.group_by("account", "observable").agg(calls=nw.col("calls").max())
