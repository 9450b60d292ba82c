"""How often heads and tails of prompts recur, in a count-min sketch (Cormode & Muthukrishnan 2005)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import kernel
from stillwatch.ingest.kernels.hashing import U64, mix
from stillwatch.ingest.kernels.prints import LENGTHS

COUNTER_BITS = 23
"""Counters in a row of the sketch: 8 M, two rows of 4 bytes each make 64 MiB a thread."""
KEEP_SHARE = 0.25
"""A longer head replaces a shorter one while it has a quarter of its calls: items split far finer than that."""
_MASK = U64((1 << COUNTER_BITS) - 1)
_UPPER = U64(40)

Words = NDArray[np.uint64]


@kernel
def add(counts: NDArray[np.uint32], ends: Words) -> None:
    """Count every head or tail of a batch, ``ends[row, length]``; 0 stands for none."""
    for row in range(ends.shape[0]):
        for level in range(ends.shape[1]):
            value = ends[row, level]
            if value == 0:
                break
            counts[0, value >> _UPPER & _MASK] += np.uint32(1)
            counts[1, mix(value, _UPPER) & _MASK] += np.uint32(1)


@kernel
def _count(counts: NDArray[np.uint32], value: np.uint64) -> int:
    return int(np.int64(min(counts[0, value >> _UPPER & _MASK], counts[1, mix(value, _UPPER) & _MASK])))


@kernel
def _longest(counts: NDArray[np.uint32], ends: Words, least: int) -> tuple[int, int]:
    """Return how many of the lengths recur, from the shortest on, and how often the longest of them does."""
    last = 0
    for level in range(ends.size):
        n = _count(counts, ends[level]) if ends[level] != 0 else 0
        if n < least or n < last * KEEP_SHARE:
            return level, last
        last = n
    return ends.size, last


@kernel
def longest_ends(  # noqa: PLR0917  (kernels take no keywords)
    counts: NDArray[np.uint32], heads: Words, tails: Words, least: int, skeleton: Words, words: NDArray[np.int16]
) -> None:
    """Write each row's longest head or tail that recurs at least ``least`` times, and the words it fixes.

    Where head and tail recur about as often, the longer one is the template; where one recurs far more often, that one
    is, for a repeated item recurs too, but in far fewer calls than the template around it.
    """
    for row in range(skeleton.size):
        head, head_calls = _longest(counts, heads[row], least)
        tail, tail_calls = _longest(counts, tails[row], least)
        if head == 0 and tail == 0:
            continue
        if min(head_calls, tail_calls) <= max(head_calls, tail_calls) * KEEP_SHARE:
            use_head = head_calls > tail_calls
        else:
            use_head = head > tail or (head == tail and head_calls >= tail_calls)
        if use_head:
            skeleton[row], words[row] = heads[row, head - 1], LENGTHS[head - 1]
        else:
            skeleton[row], words[row] = tails[row, tail - 1], LENGTHS[tail - 1]
