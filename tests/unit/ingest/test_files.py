from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import SourceError
from stillwatch.ingest.files import Packing, find_inputs


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}\n")


def test_finds_logs_in_folders_in_one_order_and_names_the_rest(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.jsonl.gz", "b/1.json", "a.ndjson.zst", "README.md", ".hidden.json", "_logs/x.json")
    inputs = find_inputs([tmp_path])
    assert [str(f.path.relative_to(tmp_path)) for f in inputs.files] == [
        "a.ndjson.zst",
        "b/1.json",
        "b/2.jsonl.gz",
    ]
    assert [p.name for p in inputs.skipped] == ["README.md"]
    assert inputs.bytes == 9


def test_reads_a_file_once_however_often_it_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "1.jsonl", "2.jsonl", "3.txt")
    other_name = tmp_path / ".." / tmp_path.name / "2.jsonl"
    inputs = find_inputs([other_name, f"{tmp_path}/*.jsonl", tmp_path, tmp_path / "3.txt"])
    assert [f.path.name for f in inputs.files] == ["1.jsonl", "2.jsonl", "3.txt"]


def test_knows_the_rows_only_if_all_files_are_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "a.parquet")
    assert find_inputs([tmp_path]).rows == 3
    fill(tmp_path, "b.jsonl")
    inputs = find_inputs([tmp_path])
    assert inputs.rows is None
    assert [f.packing for f in inputs.files] == [Packing.PARQUET, Packing.PLAIN]


@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("gone.jsonl", "no such file or folder"),
        ("*.jsonl", "no file matches"),
        ("empty", "no log in this folder"),
        ("only_text", r"it holds notes\.txt"),
        ("cut.parquet", "not a readable Parquet file"),
        ("text.parquet", "does not begin like it"),
        ("\x00", "no such file or folder"),
    ],
)
def test_says_what_is_wrong_with_a_path(log: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fill(tmp_path, "only_text/notes.txt", "text.parquet")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "whole.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:-20])
    with pytest.raises(SourceError, match=says):
        find_inputs([f"{tmp_path}/{log}"])


def test_refuses_an_unknown_source_before_reading(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such source"):
        find_inputs([tmp_path], source="nobody")
    with pytest.raises(SourceError, match="no log given"):
        find_inputs([])
