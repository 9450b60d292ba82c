from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from journals import KEY, log
from stillwatch.ingest.batches import SCHEMA
from stillwatch.ingest.files import find_inputs
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.names import Names
from stillwatch.ingest.read import read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.sealed import write_segment
from stillwatch.records import CALL_LOG

KEPT = ("account", "started_at", "model", "client_asn", "user_agent", "n", "input_tokens")


def read(path: Path, *, size: int = 7) -> pa.Table:
    return pa.Table.from_batches(read_calls(find_inputs([path]), rejects=Rejects(None, strict=True), batch_rows=size))


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    prints = Fingerprinter(KEY)
    path = tmp_path / "s.parquet"
    write_segment(path, (prints.fingerprint(b) for b in log().to_batches(11)), key=KEY)
    return path


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_segment_says_who_called_what_and_when(segment: Path, size: int) -> None:
    told = read(segment, size=size)
    assert told.schema == SCHEMA
    for name in KEPT:
        assert told[name].to_pylist() == log()[name].to_pylist(), name


def test_what_is_not_kept_is_null(segment: Path) -> None:
    told = read(segment)
    for name in ("messages", "prompt", "system", "client_address", "temperature", "status"):
        assert told[name].null_count == len(told), name
    assert len(set(told["call_id"].to_pylist())) == 40


def test_an_account_without_a_name_is_its_keyed_hash(tmp_path: Path) -> None:
    prints = Fingerprinter(KEY)
    batch = prints.fingerprint(log(3).to_batches()[0])
    batch.names["account"] = Names(np.empty(0, np.int64), pa.array([], pa.large_string()))
    write_segment(tmp_path / "s.parquet", [batch], key=KEY)
    keyed = prints.keyed("account", "a1") & 0xFFFFFFFFFFFFFFFF
    assert read(tmp_path / "s.parquet")["account"].to_pylist()[1] == f"{keyed:016x}"


def test_progress_ends_at_the_file_s_size(segment: Path) -> None:
    told: list[tuple[int, int]] = []
    inputs = find_inputs([segment])
    list(read_calls(inputs, rejects=Rejects(None), batch_rows=9, on_progress=lambda b, r: told.append((b, r))))
    assert told[-1] == (inputs.bytes, 40)


def test_the_log_s_columns_are_those_of_the_records() -> None:
    assert set(KEPT) <= {c.name for c in CALL_LOG.columns}
