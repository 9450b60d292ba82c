"""Which calls are in the log already: keyed hashes of their ids, sorted, 16 bytes a call in memory."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

KEY_BYTES = 16
"""128 bits: two of 10**9 ids collide with a chance of 10**-21 (birthday bound)."""
RUNS = 8
"""More sorted runs than this are merged into one: each costs a search a batch."""

Words = np.ndarray[tuple[int, int], np.dtype[np.uint64]]


def call_key(key: bytes, kind: str, text: str) -> bytes:
    """Return the keyed hash (BLAKE2b, RFC 7693) of an id; ``kind`` keeps ids of calls and of notes apart."""
    return blake2b(text.encode(), digest_size=KEY_BYTES, key=key, person=kind.encode()).digest()


class CallKeys:
    """A set of keys that only grows."""

    def __init__(self, words: Words) -> None:
        """Begin with sorted keys, as ``Vault.call_keys`` returns them."""
        self._runs: list[Words] = [words] if len(words) else []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def fresh(self, keys: Iterable[bytes]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell for each key whether it is neither here nor earlier among ``keys``."""
        words = _words(list(keys))
        new = np.ones(len(words), bool)
        for run in self._runs:
            new &= ~_is_in(words, run)
        halves = np.sort(words[:, 0])
        if (halves[1:] == halves[:-1]).any():
            _, first = np.unique(words, axis=0, return_index=True)
            once = np.zeros(len(words), bool)
            once[first] = True
            new &= once
        return new

    def add(self, keys: Iterable[bytes]) -> None:
        """Add keys."""
        words = _words(list(keys))
        if not len(words):
            return
        self._runs.append(_sorted(words))
        # Like sizes are merged, as in a binary counter: each key is moved a logarithmic number of times.
        while len(self._runs) > 1 and (len(self._runs) > RUNS or len(self._runs[-2]) <= 2 * len(self._runs[-1])):
            self._runs[-2:] = [_sorted(np.concatenate(self._runs[-2:]))]


def _words(keys: list[bytes]) -> Words:
    return np.frombuffer(b"".join(keys), np.uint64).reshape(-1, 2)


def _sorted(words: Words) -> Words:
    ordered = words[np.argsort(words[:, 0])]
    halves = ordered[:, 0]
    if (halves[1:] == halves[:-1]).any():
        return words[np.lexsort((words[:, 1], words[:, 0]))]
    return ordered


def _is_in(words: Words, run: Words) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    at = np.searchsorted(run[:, 0], words[:, 0])
    found = np.zeros(len(words), bool)
    while True:
        inside = at < len(run)
        same = inside.copy()
        same[inside] = run[at[inside], 0] == words[inside, 0]
        if not same.any():
            return found
        found[same] |= run[at[same], 1] == words[same, 1]
        at = at + same
