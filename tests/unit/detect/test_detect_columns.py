from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa

from stillwatch.detect.columns import integers, numbered


def test_sums_times_and_nulls_become_integers() -> None:
    assert integers(pa.chunked_array([[Decimal(7), None]], pa.decimal128(38, 0))).tolist() == [7, 0]
    assert integers(pa.chunked_array([[1, None], [3]], pa.int64())).tolist() == [1, 0, 3]
    when = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert integers(pa.chunked_array([[when, None]], pa.timestamp("us", tz="UTC"))).tolist() == [1_000_000, 0]


def test_numbers_lead_back_to_the_values() -> None:
    drawn = np.random.default_rng(1).integers(-(2**62), 2**62, 50)[np.random.default_rng(2).integers(0, 50, 500)]
    values, number = numbered(drawn)
    assert len(values) == len(np.unique(drawn))
    assert (values[number] == drawn).all()
    assert [len(part) for part in numbered(drawn[:0])] == [0, 0]
