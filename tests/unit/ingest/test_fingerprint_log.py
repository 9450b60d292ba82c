"""A whole log to one table: the same rows, whatever the batches, threads and order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.fingerprint_log import _Counts, fingerprint_log
from stillwatch.records import CALL_LOG, CALLS

KEY = bytes(range(32))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RANDOM = np.random.default_rng(3)


def prompts(*texts: str | None) -> list[dict[str, Any]]:
    return [{"prompt": text} for text in texts]


def of_template(count: int) -> list[dict[str, Any]]:
    return prompts(
        *(f"Explain to a curious reader what the following number has to say: {n} and why" for n in range(count))
    )


def written(rows: list[dict[str, Any]], folder: Path, *, size: int = 10**6, threads: int = 2) -> pa.Table:
    filled = [
        {"call_id": f"call-{i}", "account": "a", "started_at": START, "model": "m"} | row for i, row in enumerate(rows)
    ]
    folder.mkdir(exist_ok=True)
    whole = pa.Table.from_pylist(filled, CALL_LOG.schema)
    return pq.read_table(fingerprint_log(whole.to_batches(size), Fingerprinter(KEY), folder, threads=threads))


@pytest.fixture(scope="module")
def mixed() -> list[dict[str, Any]]:
    rows = of_template(40)
    rows += prompts(*(" ".join(f"w{x}" for x in RANDOM.choice(10**6, 12)) for _ in range(40)), None, "short")
    order = RANDOM.permutation(len(rows))
    return [rows[i] | {"call_id": f"id-{i}", "account": f"a{i % 3}"} for i in order]


@pytest.mark.parametrize(("size", "threads"), [(1, 2), (7, 1), (7, 3), (100, 2)])
def test_batches_and_threads_change_nothing(
    mixed: list[dict[str, Any]], tmp_path: Path, size: int, threads: int
) -> None:
    assert written(mixed, tmp_path / "a", size=size, threads=threads).equals(written(mixed, tmp_path / "b"))


def test_shuffled_rows_give_the_same_fingerprints(mixed: list[dict[str, Any]], tmp_path: Path) -> None:
    one = written(mixed, tmp_path / "a").sort_by("call")
    other = written(mixed[::-1], tmp_path / "b").sort_by("call")
    assert one.equals(other)


def test_a_template_in_a_log_has_one_skeleton_and_strangers_none(tmp_path: Path) -> None:
    strangers = prompts(
        *(" ".join(f"{chr(97 + x % 26)}{'q' * (x % 7)}x" for x in RANDOM.choice(10**6, 12)) for _ in range(30))
    )
    found = written(of_template(40) + strangers, tmp_path)
    skeletons = found["skeleton"].to_pylist()
    assert len(set(skeletons[:40])) == 1
    assert skeletons[0] is not None
    assert set(skeletons[40:]) == {None}
    assert found.schema.equals(CALLS.schema)


def test_an_empty_log_gives_an_empty_table(tmp_path: Path) -> None:
    assert written([], tmp_path).num_rows == 0


def test_counts_of_threads_add_up() -> None:
    prints, counts, both_counted = Fingerprinter(KEY), _Counts(), Barrier(2)
    rows = [{"call_id": "c", "account": "a", "started_at": START, "model": "m", **row} for row in of_template(3)]
    batch = prints.fingerprint(pa.RecordBatch.from_pylist(rows, CALL_LOG.schema))

    def count() -> None:
        counts.count(batch)
        both_counted.wait()  # so that neither thread ends before the other has a sketch of its own

    threads = [Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    once = _Counts()
    once.count(batch)
    assert np.array_equal(counts.total(), 2 * once.total())


def test_prompts_are_never_written(tmp_path: Path) -> None:
    word = "Xylotoquavrbnik"
    rows = [{"prompt": f"about {word}", "system": word, "account": word, "user_agent": word}] * 9
    written(rows, tmp_path)
    parts = list((tmp_path / "calls").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["calls"]
    assert parts
    for raw in (path.read_bytes() for path in parts):
        assert word.encode() not in raw
        assert word.lower().encode() not in raw


def test_only_the_columns_that_are_asked_for_are_written(tmp_path: Path) -> None:
    rows = [
        {"call_id": f"c{i}", "account": "a", "started_at": START, "model": "m", **r} for i, r in enumerate(prompts("x"))
    ]
    batches = pa.Table.from_pylist(rows, CALL_LOG.schema).to_batches()
    folder = fingerprint_log(batches, Fingerprinter(KEY), tmp_path, columns=("skeleton", "call"))
    assert pq.read_table(folder).schema.names == ["call", "skeleton"]
