from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.ingest.batches import SCHEMA, Place, batch_of_arrays, batch_of_rows, show_row
from stillwatch.ingest.rejects import Rejects

AT = datetime(2026, 2, 3, tzinfo=UTC)
PLACE = Place(Path("log"), line=lambda row: 100 + row, show=lambda row: f"row {row}")


def test_fills_missing_columns_with_nulls_and_drops_unknown_ones() -> None:
    row = {"call_id": "c", "account": "a", "started_at": AT, "model": "m", "color": "red", "response": "no"}
    batch = batch_of_rows([row], place=PLACE, rejects=Rejects(None, strict=True), now=None)
    assert batch.schema.equals(SCHEMA)
    assert batch["prompt"].null_count == 1


@pytest.mark.parametrize("empty", [None, ""])
def test_leaves_out_rows_without_an_account_and_says_where(empty: str | None) -> None:
    arrays = {
        "call_id": pa.array(["1", "2"]),
        "account": pa.array([empty, "a"], pa.string()),
        "started_at": pa.array([AT, AT]),
        "model": pa.array(["m", "m"]),
    }
    rejects = Rejects(None)
    batch = batch_of_arrays(arrays, 2, place=PLACE, rejects=rejects, now=None)
    assert batch["call_id"].to_pylist() == ["2"]
    assert str(rejects.summary()[0]["first"]).startswith("log:100: account is empty")


def test_a_row_with_two_problems_is_one_reject() -> None:
    rejects = Rejects(None)
    batch = batch_of_rows([{"account": [], "n": "x"}], place=PLACE, rejects=rejects, now=None)
    assert batch.num_rows == 0
    assert rejects.rejected == 1


def test_shows_rows_as_json() -> None:
    assert show_row({"a": "\ud800"}) == '{"a":"\ufffd"}'
    assert show_row(7) == "7"
