"""Accounts whose user agent and TLS fingerprint do not belong together."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal(
    "client_contradiction",
    family=Family.NETWORK,
    needs=("user_agent", "tls_fingerprint"),
    max_bits=5.0,
    compares=True,
    of_tool=True,
)
def client_contradiction(calls: Frame, *, min_accounts: int = 20, max_share_percent: int = 10) -> Frame:
    """See TLS fingerprints that show themselves under a user agent whose holders nearly all speak TLS otherwise.

    A pair contradicts where at least ``min_accounts`` accounts show the user agent and at most ``max_share_percent``
    of them this fingerprint. Observable: the fingerprint.

    Catches: browsers' names on a script's handshake.
    Misses: harnesses that imitate the handshake too.
    False alarms: new releases of a client, proxies of companies.
    Source: AA26-251A (obfuscated metadata); Glasswally's fingerprint rule.
    """
    pairs = calls.group_by("account", "user_agent", "tls_fingerprint").agg(calls=nw.len())
    both = pairs.filter(~nw.col("user_agent").is_null() & ~nw.col("tls_fingerprint").is_null())
    per_pair = both.group_by("user_agent", "tls_fingerprint").agg(pair_accounts=nw.len())
    per_agent = per_pair.group_by("user_agent").agg(agent_accounts=nw.col("pair_accounts").sum())
    odd = per_pair.join(per_agent, on="user_agent", how="inner").filter(
        (nw.col("agent_accounts") >= min_accounts)
        & (nw.col("pair_accounts") * 100 <= nw.col("agent_accounts") * max_share_percent)
    )
    seen = both.join(odd.select("user_agent", "tls_fingerprint"), on=["user_agent", "tls_fingerprint"], how="inner")
    return seen.select("account", "calls", observable=nw.col("tls_fingerprint"))
