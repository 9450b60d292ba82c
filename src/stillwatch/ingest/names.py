"""What keyed values stand for, told once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.ingest.kernels.seen import add_new

Ints = NDArray[np.int64]
FIRST_ROOM = 1 << 12
"""Places in an empty table; it doubles before it is half full."""


@dataclass
class Seen:
    """Keyed values met so far. Millions are asked for in a scan: a Python set would hold up the threads that read."""

    _table: Ints = field(default_factory=lambda: np.zeros(FIRST_ROOM, np.int64))
    _size: int = 0

    def add(self, values: Ints) -> Ints:
        """Take values in and return the places of those that were not known, each value's first; 0 is always new."""
        self._make_room(len(values))
        new = np.empty(len(values), np.int64)
        found = add_new(self._table, np.ascontiguousarray(values), new)
        self._size += found
        return new[:found]

    def _make_room(self, more: int) -> None:
        if 2 * (self._size + more) <= len(self._table):
            return
        known = self._table[self._table != 0]
        self._table = np.zeros(1 << (2 * (self._size + more)).bit_length(), np.int64)
        add_new(self._table, known, np.empty(len(known), np.int64))


@dataclass(frozen=True)
class Names:
    """Keyed values and the texts that they stand for, side by side; they are Python's only where they are new."""

    keyed: Ints
    texts: pa.Array

    def beyond(self, seen: Seen) -> dict[int, str]:
        """Return the names of the values that were not seen, which they are from now on."""
        new = seen.add(self.keyed)
        texts = self.texts.take(pa.array(new)).to_pylist()
        return dict(zip(self.keyed[new].tolist(), texts, strict=True))
