"""Accounts that are active in the same hours."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family

STEP = 40_503
MODULUS = 65_536
"""Multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4): 40503 = 2^16 / golden ratio."""


@signal("lockstep", family=Family.TIMING, needs=("hour",), max_bits=2.5, partial=True)
def lockstep(calls: Frame, *, min_hours: int = 3) -> Frame:
    """See a MinHash of each account's active hours: two agree as often as their sets are alike (Jaccard).

    Observable: the smallest hash of its active hours, where there are at least ``min_hours`` of them. Common values are
    common because many strangers work then: weighing by rarity is the rate-preserving null.

    Catches: sustained synchrony.
    Misses: jittered work.
    False alarms: services called from one scheduler.
    Source: SynchroTrap (CCS 2014); Broder, On the resemblance of documents (1997).
    """
    active = calls.select("account", "hour", mixed=(nw.col("hour").cast(nw.Int64) * STEP) % MODULUS)
    hours = active.group_by("account", "hour", "mixed").agg(calls=nw.len())
    least = hours.group_by("account").agg(observable=nw.col("mixed").min(), hours=nw.len(), calls=nw.col("calls").sum())
    return least.filter(nw.col("hours") >= min_hours)
