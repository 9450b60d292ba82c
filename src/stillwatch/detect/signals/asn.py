"""Accounts that call from the same autonomous system."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("asn", family=Family.NETWORK, needs=("asn",), max_bits=3.0, seeds=True)
def asn(calls: Frame) -> Frame:
    """See through which autonomous systems each account calls; capped low, because an ISP also says where people live.

    Catches: a campaign hosted with one small provider.
    Misses: mixed proxies.
    False alarms: everybody in one town.
    Source: Anthropic, February 2026 (infrastructure); Glasswally's provider rule.
    """
    return calls.group_by("account", "asn").agg(calls=nw.len()).rename({"asn": "observable"})
