from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.accounts import read_accounts
from stillwatch.ingest.rejects import Rejects
from stillwatch.records import ACCOUNTS

ROWS: list[dict[str, Any]] = [
    {"account": "a", "plan": "free", "created_at": "2026-01-01T00:00:00Z"},
    {"account": "b", "plan": "pro", "created_at": None},
]
CSV = b"account,plan,created_at,color\na,free,2026-01-01T00:00:00Z,red\nb,pro,,blue\n"


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "csv.zst", "jsonl", "json", "parquet"])
def test_reads_every_format_alike(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"accounts.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    else:
        lines = "\n".join(json.dumps(r) for r in ROWS).encode()
        zst = pa.Codec("zstd").compress(CSV, asbytes=True)
        made = {
            "csv": CSV,
            "csv.gz": gzip.compress(CSV),
            "csv.zst": zst,
            "jsonl": lines,
            "json": json.dumps(ROWS).encode(),
        }
        file.write_bytes(made[kind])
    table = read_accounts(file)
    assert table.schema.equals(ACCOUNTS.schema)
    assert table["account"].to_pylist() == ["a", "b"]
    assert table["plan"].to_pylist() == ["free", "pro"]
    assert table["created_at"].to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC), None]
    assert table["organization"].null_count == 2


def test_keeps_the_same_row_of_an_account_whatever_their_order(tmp_path: Path) -> None:
    rows = [
        {"account": "a", "plan": "old", "created_at": "2026-01-01"},
        {"account": "a", "plan": "new", "created_at": "2026-03-01"},
        {"account": "a", "plan": "newer", "created_at": "2026-03-01"},
        {"account": "a", "plan": "never", "created_at": None},
        {"account": "b", "plan": "x", "created_at": None},
    ]
    for seed in range(6):
        random.Random(seed).shuffle(rows)
        (tmp_path / "accounts.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
        rejects = Rejects(None)
        assert read_accounts(tmp_path / "accounts.jsonl", rejects=rejects)["plan"].to_pylist() == [
            "newer",
            "x",
        ]
        assert [(e["kind"], e["count"]) for e in rejects.summary()] == [("account listed twice", 3)]


def test_leaves_out_and_counts_rows_that_are_wrong(tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account,created_at\na,yesterday\n,2026-01-01\nc,2026-01-01\n")
    rejects = Rejects(None)
    found = read_accounts(file, rejects=rejects)
    assert found["account"].to_pylist() == ["a", "c"]
    assert found["created_at"].null_count == 1
    assert rejects.rejected == 1
    assert {r["kind"]: r["count"] for r in rejects.summary()} == {"wrong account row": 1, "value not understood": 1}
    with pytest.raises(SourceError, match=r"accounts\.csv:1: created_at is 'yesterday', not a time"):
        read_accounts(file)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"name,plan\nx,y\n", "no column account; it has name, plan"),
        (b'{"account": "a"}\ngarbage\n', "accounts.csv:2: not JSON"),
        (b"[1]", "accounts.csv:1: not a JSON object"),
        (gzip.compress(CSV, mtime=0)[:-9], "cut off"),
    ],
)
def test_says_what_is_wrong_with_the_file(raw: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes(raw)
    with pytest.raises(SourceError, match=says):
        read_accounts(tmp_path / "accounts.csv")


def test_an_empty_file_has_no_accounts(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes(b"")
    assert read_accounts(tmp_path / "accounts.csv").num_rows == 0
