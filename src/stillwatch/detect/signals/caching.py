"""Accounts that never read from the cache, and those that live on it."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("caching", family=Family.ECONOMY, needs=("cached_input_tokens", "input_tokens"), max_bits=1.5, of_tool=True)
def caching(calls: Frame) -> Frame:
    """See which tenth of each account's input tokens came from the cache.

    Catches: items that are all new behind a prefix too short to cache.
    Misses: long fixed prompts.
    False alarms: everybody with short prompts: common, so light.
    Source: Our judgement: agents and retrieval read long prefixes from the cache, new items do not.
    """
    known = calls.filter((nw.col("input_tokens") > 0) & ~nw.col("cached_input_tokens").is_null())
    sums = known.group_by("account").agg(
        read=nw.col("input_tokens").cast(nw.Int64).sum(),
        cached=nw.col("cached_input_tokens").cast(nw.Int64).sum(),
        calls=nw.len(),
    )
    return sums.select("account", "calls", observable=(nw.col("cached") * 10) // nw.col("read"))
