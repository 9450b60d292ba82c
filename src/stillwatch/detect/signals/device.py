"""Accounts signed up on the same device."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("device", family=Family.IDENTITY, needs=("device_fingerprint",), max_bits=12.0, seeds=True)
def device(accounts: Frame) -> Frame:
    """See on which device each account was signed up.

    Catches: one operator's sign-up machine.
    Misses: anti-detect browsers.
    False alarms: shared computers in schools and families.
    Source: Fellegi and Sunter, A theory for record linkage (1969).
    """
    return accounts.select("account", observable=nw.col("device_fingerprint"), calls=nw.lit(1))
