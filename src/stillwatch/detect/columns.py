"""Arrow columns to integer arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.records import TIMESTAMP


def integers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return a column of integers or timestamps (then microseconds since 1970) as int64, nulls as zero."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(TIMESTAMP).cast(pa.int64())
    # Engines sum 64-bit integers into wider decimals; the sums themselves fit.
    filled = column if pa.types.is_int64(column.type) else column.cast(pa.int64())
    filled = filled.fill_null(0) if filled.null_count else filled
    values: npt.NDArray[np.int64] = filled.to_numpy()
    return values


def numbered(values: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give the distinct values numbers in order of arrival, in one pass where ``np.unique`` would sort.

    Returns the values by number, and the number of each row.
    """
    coded = pa.array(values).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int64)


def among(values: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say of each value whether it is one of the wanted, which are in ascending order: fast where these are few."""
    at = np.searchsorted(wanted, values).clip(0, max(0, len(wanted) - 1))
    return wanted[at] == values if len(wanted) else np.zeros(len(values), bool)
