"""Which head or tail of a prompt is its skeleton: the longest that still recurs.

Template text recurs, inserted items do not. Heads and tails of 8, 16, 32 and 64 masked words are counted in a count-min sketch
(Cormode & Muthukrishnan 2005); a prompt's skeleton grows from the shortest as long as the longer one is still frequent.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.hashing import U64, mix
from stillwatch.ingest.kernels.prints import LENGTHS

COUNTER_BITS = 23
"""Counters in a row of the sketch: 8 M, two rows of 4 bytes each make 64 MiB a thread."""
KEEP_SHARE = 0.25
"""A longer head replaces a shorter one while it has a quarter of its calls: items split far finer than that."""
LEAST = 4
"""Fewer calls than this are no template."""
CALLS_PER_LEAST = 250_000
"""In large logs chance repeats more: the least count grows by one for so many calls, and stays above the sketch's noise."""
_MASK = U64((1 << COUNTER_BITS) - 1)
_UPPER = U64(40)

Words = NDArray[np.uint64]


def new_counts() -> NDArray[np.uint32]:
    """Make an empty sketch; sketches of several threads are added."""
    return np.zeros((2, 1 << COUNTER_BITS), np.uint32)


def least_count(calls: int) -> int:
    """Return how often a head must recur in a log of so many calls."""
    return max(LEAST, calls // CALLS_PER_LEAST)


@njit(cache=True, nogil=True)
def add(counts: NDArray[np.uint32], ends: Words) -> None:
    """Count every head or tail of a batch, ``ends[row, length]``; 0 stands for none."""
    for row in range(ends.shape[0]):
        for level in range(ends.shape[1]):
            value = ends[row, level]
            if value == 0:
                break
            counts[0, value >> _UPPER & _MASK] += np.uint32(1)
            counts[1, mix(value, _UPPER) & _MASK] += np.uint32(1)


@njit(cache=True, nogil=True)
def _count(counts: NDArray[np.uint32], value: np.uint64) -> int:
    return np.int64(min(counts[0, value >> _UPPER & _MASK], counts[1, mix(value, _UPPER) & _MASK]))


@njit(cache=True, nogil=True)
def _longest(counts: NDArray[np.uint32], ends: Words, least: int) -> int:
    """Return how many of the lengths recur, from the shortest on."""
    last = 0
    for level in range(ends.size):
        if ends[level] == 0:
            return level
        n = _count(counts, ends[level])
        if n < least or n < last * KEEP_SHARE:
            return level
        last = n
    return ends.size


@njit(cache=True, nogil=True)
def _assign(
    counts: NDArray[np.uint32], heads: Words, tails: Words, least: int, skeleton: Words, words: NDArray[np.int16]
) -> None:
    for row in range(skeleton.size):
        head, tail = _longest(counts, heads[row], least), _longest(counts, tails[row], least)
        if head == 0 and tail == 0:
            continue
        if head >= tail:
            skeleton[row], words[row] = heads[row, head - 1], 8 << (head - 1)
        else:
            skeleton[row], words[row] = tails[row, tail - 1], 8 << (tail - 1)


def assign(counts: NDArray[np.uint32], heads: Words, tails: Words, calls: int) -> tuple[Words, NDArray[np.int16]]:
    """Return each row's skeleton (0 = none) and the words it fixes, given the counts over all ``calls``."""
    skeleton, words = np.zeros(len(heads), np.uint64), np.zeros(len(heads), np.int16)
    _assign(counts, heads, tails, least_count(calls), skeleton, words)
    return skeleton, words


assert LENGTHS == (8, 16, 32, 64)  # noqa: S101  (``8 << level`` above)
