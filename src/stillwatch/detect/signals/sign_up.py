"""Accounts that were created in the same hours."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("sign_up", family=Family.TIMING, needs=("created_hour",), max_bits=6.0, seeds=True)
def sign_up(accounts: Frame, *, hours: int = 6) -> Frame:
    """See in which window of ``hours`` each account was created.

    Catches: accounts made in bulk.
    Misses: accounts bought one by one, or aged.
    False alarms: a launch, a class signing up together.
    Source: AA26-251A (similar registrations, subscriptions in bulk).
    """
    return accounts.select("account", observable=nw.col("created_hour") // hours, calls=nw.lit(1))
