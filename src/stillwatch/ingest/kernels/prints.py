"""From word hashes to fingerprints: heads and tails at several lengths, MinHash bands, topics, the item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import kernel
from stillwatch.ingest.kernels.hashing import U64, mix

Words = NDArray[np.uint64]

LENGTHS = (8, 16, 32, 64)
"""Masked words in a head or tail. Eight are hardly written alike by two strangers by chance; each step doubles."""
BANDS, TOPICS = 8, 4
_SHIFT_BAND, _SHIFT_TOPIC = U64(61), U64(62)
_LOW31 = U64(0x7FFFFFFF)
_EMPTY = np.int64(1) << 40
_TAIL, _ITEM = U64(0xA5A5A5A5), U64(0x17E4)


@kernel
def ends_and_item(  # noqa: PLR0917  (a kernel's tables are its arguments)
    masked: Words, n: int, plain: Words, size: int, start: np.uint64, heads: Words, tails: Words
) -> np.uint64:
    """Chain the first and the last 8, 16, 32 and 64 of ``n`` masked words (0 where there are fewer); return the item.

    The item is ``chain`` over ``size`` plain words. Each chain waits for itself, so the three go side by side.
    """
    heads[:] = U64(0)
    tails[:] = U64(0)
    head, tail, item, level = U64(0), _TAIL, start, 0
    for i in range(min(n, LENGTHS[-1])):
        head = mix(head, masked[i])
        tail = mix(tail, masked[n - 1 - i])
        if i < size:
            item = mix(item, plain[i])
        if i + 1 == LENGTHS[0] << level:
            heads[level], tails[level] = head | U64(1), tail | U64(1)
            level += 1
    for i in range(min(n, LENGTHS[-1]), size):
        item = mix(item, plain[i])
    return item


@kernel
def chain(words: Words, n: int, start: np.uint64) -> np.uint64:
    """Hash a whole sequence of word hashes."""
    h = start
    for i in range(n):
        h = mix(h, words[i])
    return h


@kernel
def bands(masked: Words, n: int, out: NDArray[np.int32], least: NDArray[np.int64]) -> None:
    """One-permutation MinHash (Li, Owen & Zhang 2012) of word 3-grams in 8 bins.

    Empty bins borrow from the next full one (Shrivastava & Li 2014), so that short texts compare too. Two texts agree
    in a bin with the probability of their Jaccard similarity.
    """
    least[:] = _EMPTY
    a, b = U64(1), U64(2)
    for i in range(n):
        c = masked[i]
        h = mix(mix(a, b), c)
        a, b = b, c
        if i >= 2 or n < 3:
            place = np.int64(h >> _SHIFT_BAND)
            least[place] = min(least[place], np.int64(h & _LOW31))
    _borrow(least, BANDS, out)


@kernel
def topics(plain: Words, n: int, out: NDArray[np.int32], least: NDArray[np.int64]) -> None:
    """One-permutation MinHash of the set of words in 4 bins: what a text is about rather than how it is put."""
    least[:] = _EMPTY
    for i in range(n):
        h = mix(_ITEM, plain[i])
        place = np.int64(h >> _SHIFT_TOPIC)
        least[place] = min(least[place], np.int64(h & _LOW31))
    _borrow(least, TOPICS, out)


@kernel
def _borrow(least: NDArray[np.int64], size: int, out: NDArray[np.int32]) -> None:
    for i in range(size):
        k, steps = i, 0
        while least[k] == _EMPTY and steps < size:
            k = (k + 1) % size
            steps += 1
        # The distance is mixed in, so that a borrowed value never equals one that stood there by right.
        out[i] = np.int32((least[k] + steps * 0x2545F491) & 0x7FFFFFFF) if steps < size else 0
