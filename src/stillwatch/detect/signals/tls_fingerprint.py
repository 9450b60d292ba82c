"""Accounts whose client speaks TLS alike."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("tls_fingerprint", family=Family.NETWORK, needs=("tls_fingerprint",), max_bits=8.0, of_tool=True, seeds=True)
def tls_fingerprint(calls: Frame) -> Frame:
    """See which JA4 each account's client shows.

    Catches: one harness driving many accounts.
    Misses: harnesses built on a popular library.
    False alarms: users of one SDK release: common values weigh nothing.
    Source: FoxIO, JA4 (2023).
    """
    return calls.group_by("account", "tls_fingerprint").agg(calls=nw.len()).rename({"tls_fingerprint": "observable"})
