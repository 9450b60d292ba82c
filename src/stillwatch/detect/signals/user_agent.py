"""Accounts with the same user agent."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("user_agent", family=Family.NETWORK, needs=("user_agent",), max_bits=8.0, of_tool=True, seeds=True)
def user_agent(calls: Frame) -> Frame:
    """See which user agents each account shows.

    Catches: one harness driving many accounts.
    Misses: user agents drawn from a list of browsers.
    False alarms: users of one application.
    Source: AA26-251A, indicator 3; Anthropic, September 2026 (harness strings).
    """
    return calls.group_by("account", "user_agent").agg(calls=nw.len()).rename({"user_agent": "observable"})
