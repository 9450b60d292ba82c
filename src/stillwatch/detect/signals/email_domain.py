"""Accounts with the same e-mail domain."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("email_domain", family=Family.IDENTITY, needs=("email_domain",), max_bits=8.0, seeds=True)
def email_domain(accounts: Frame) -> Frame:
    """See at which domain each account's e-mail is.

    Catches: domains bought for a campaign.
    Misses: public mail services: common, so light.
    False alarms: undeclared companies and universities.
    Source: Anthropic, September 2026 (disposable e-mail).
    """
    return accounts.select("account", observable=nw.col("email_domain"), calls=nw.lit(1))
