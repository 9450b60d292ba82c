"""Accounts paid for with the same card."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("payment", family=Family.IDENTITY, needs=("payment_fingerprint",), max_bits=12.0, seeds=True)
def payment(accounts: Frame) -> Frame:
    """See which payment instrument pays for each account.

    Catches: one purse behind many accounts.
    Misses: a virtual card for every account.
    False alarms: families, and companies that did not declare themselves.
    Source: Anthropic, February 2026 (shared payment methods).
    """
    return accounts.select("account", observable=nw.col("payment_fingerprint"), calls=nw.lit(1))
