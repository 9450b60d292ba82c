"""A set of keyed values in an open-addressed table, asked for a whole batch at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import kernel

Ints = NDArray[np.int64]


@kernel
def add_new(table: Ints, values: Ints, new: Ints) -> int:
    """Put values into a table that has room, and write to ``new`` the places of those that were not there.

    Returns how many these are. The table is as long as a power of two; 0 is a free place, and so always new.
    """
    last, found = np.int64(table.size - 1), 0
    for i in range(values.size):
        value = values[i]
        place = value & last
        while table[place] != 0 and table[place] != value:
            place = (place + 1) & last
        if table[place] != value or value == 0:
            table[place] = value
            new[found] = i
            found += 1
    return found
