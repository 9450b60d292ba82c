"""Accounts that call from the same /24 or /48."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("prefix", family=Family.NETWORK, needs=("prefix",), max_bits=10.0, seeds=True)
def prefix(calls: Frame) -> Frame:
    """See from which networks each account calls.

    Catches: a rented block of proxy addresses.
    Misses: residential proxies spread over the world.
    False alarms: customers of one cloud region or one campus.
    Source: Anthropic, September 2026 (proxy pools); Glasswally's subnet rule.
    """
    return calls.group_by("account", "prefix").agg(calls=nw.len()).rename({"prefix": "observable"})
