"""Accounts that call from the same address."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("address", family=Family.NETWORK, needs=("address",), max_bits=12.0, seeds=True)
def address(calls: Frame) -> Frame:
    """See from which addresses each account calls.

    Catches: one machine or exit address behind many accounts.
    Misses: one residential address per account.
    False alarms: offices, campuses and carrier NAT: the address is then common elsewhere too, or no harvest.
    Source: EvilCohort (USENIX Security 2015); Anthropic, February 2026 (correlated addresses).
    """
    return calls.group_by("account", "address").agg(calls=nw.len()).rename({"address": "observable"})
