"""Which head or tail of a prompt is its skeleton: the longest that still recurs.

Template text recurs, inserted items do not. Heads and tails of 8, 16, 32 and 64 masked words are counted in a count-min
sketch (Cormode & Muthukrishnan 2005); a prompt's skeleton grows from the shortest as long as the longer one is still
frequent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.recurrence import COUNTER_BITS, add, longest_ends

__all__ = ["add", "assign", "least_count", "new_counts"]

LEAST = 4
"""Fewer calls than this are no template."""
CALLS_PER_LEAST = 250_000
"""In large logs chance repeats more: the least count grows by one for so many calls, above the sketch's noise."""

Words = NDArray[np.uint64]


def new_counts() -> NDArray[np.uint32]:
    """Make an empty sketch; sketches of several threads are added."""
    return np.zeros((2, 1 << COUNTER_BITS), np.uint32)


def least_count(calls: int) -> int:
    """Return how often a head must recur in a log of so many calls."""
    return max(LEAST, calls // CALLS_PER_LEAST)


def assign(counts: NDArray[np.uint32], heads: Words, tails: Words, calls: int) -> tuple[Words, NDArray[np.int16]]:
    """Return each row's skeleton (0 = none) and the words it fixes, given the counts over all ``calls``."""
    skeleton, words = np.zeros(len(heads), np.uint64), np.zeros(len(heads), np.int16)
    longest_ends(counts, heads, tails, least_count(calls), skeleton, words)
    return skeleton, words
