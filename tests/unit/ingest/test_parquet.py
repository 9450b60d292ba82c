from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.parquet import BATCH_BYTES, _rows_for, read_parquet
from stillwatch.ingest.read import find_inputs
from stillwatch.ingest.rejects import Rejects

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
GOOD = {"call_id": ["1", "2", "3"], "account": ["a"] * 3, "started_at": [AT] * 3, "model": ["m"] * 3}


def read(path: Path, columns: dict[str, Any], rejects: Rejects | None = None) -> list[dict[str, Any]]:
    pq.write_table(pa.table({**GOOD, **columns}), path / "log.parquet")
    file = find_inputs([path]).files[0]
    kept = rejects or Rejects(None, strict=True)
    batches = read_parquet(file, rejects=kept, batch_rows=100, text=True, now=None)
    return [row for batch, _ in batches for row in batch.to_pylist()]


def test_names_the_columns_that_are_missing(tmp_path: Path) -> None:
    pq.write_table(pa.table({"call_id": ["1"], "user": ["a"]}), tmp_path / "log.parquet")
    file = find_inputs([tmp_path]).files[0]
    with pytest.raises(SourceError, match=r"no column account, started_at, model; it has call_id, user"):
        list(read_parquet(file, rejects=Rejects(None), batch_rows=9, text=True, now=None))


@pytest.mark.parametrize("column", ["call_id", "account", "model", "started_at"])
def test_rejects_only_the_rows_that_lack_what_every_call_needs(column: str, tmp_path: Path) -> None:
    values = list(GOOD[column])
    values[1] = None
    rejects = Rejects(None)
    assert [r["call_id"] for r in read(tmp_path, {column: values}, rejects)] == ["1", "3"]
    (entry,) = rejects.summary()
    assert (entry["kind"], entry["count"]) == (f"no {column}", 1)
    assert f"{tmp_path}/log.parquet:2: " in str(entry["first"])


def test_a_value_that_does_not_fit_an_optional_column_is_unknown(tmp_path: Path) -> None:
    rejects = Rejects(None)
    found = read(tmp_path, {"output_tokens": ["7", "many", None]}, rejects)
    assert [(r["call_id"], r["output_tokens"]) for r in found] == [("1", 7), ("2", None), ("3", None)]
    assert rejects.rejected == 0
    assert "'many', not a number" in str(rejects.summary()[0]["first"])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_reads_times_of_every_unit_and_zone(unit: str, zone: str | None, tmp_path: Path) -> None:
    times = pa.array([AT] * 3).cast(pa.timestamp(unit, zone))
    assert [r["started_at"] for r in read(tmp_path, {"started_at": times})] == [AT] * 3


def test_takes_dictionary_columns_and_numbers_as_names(tmp_path: Path) -> None:
    columns = {"model": pa.array(["m", "n", "m"]).dictionary_encode(), "account": [7.0, 8.0, 9.0]}
    found = read(tmp_path, columns)
    assert [(r["model"], r["account"]) for r in found] == [("m", "7"), ("n", "8"), ("m", "9")]


def test_holds_fewer_rows_where_prompts_are_large(tmp_path: Path) -> None:
    table = pa.table(
        {**GOOD, "prompt": ["x" * 2_000_000, "y" * 2_000_000, "z" * 2_000_000], "response": ["r" * 10**7] * 3}
    )
    pq.write_table(table, tmp_path / "log.parquet", use_dictionary=False)
    metadata = pq.ParquetFile(tmp_path / "log.parquet").metadata
    assert 0.9 * BATCH_BYTES / 2_000_000 < _rows_for(metadata, ["prompt"]) <= BATCH_BYTES / 2_000_000


def test_says_where_a_damaged_file_stops(tmp_path: Path) -> None:
    pq.write_table(pa.table({**GOOD, "prompt": ["x" * 99] * 3}), tmp_path / "log.parquet", compression="zstd")
    raw = bytearray((tmp_path / "log.parquet").read_bytes())
    raw[4:200] = bytes(196)
    (tmp_path / "log.parquet").write_bytes(raw)
    file = find_inputs([tmp_path]).files[0]
    with pytest.raises(SourceError, match=r"log\.parquet: damaged after row 0"):
        list(read_parquet(file, rejects=Rejects(None), batch_rows=9, text=True, now=None))
