"""A whole log to one table of fingerprints: one pass fingerprints and counts, another names each call's skeleton."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock, local
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.ingest import skeletons
from stillwatch.ingest.fingerprint import Batch, Fingerprinter
from stillwatch.records import CALLS

_ENDS = [f"{end}_{i}" for end in ("head", "tail") for i in range(4)]
T = TypeVar("T")
R = TypeVar("R")
_FOUND_LATER = ("skeleton", "skeleton_words")
_FEW_VALUES = ("model", "channel", "hour", "cues", "parameters", "user_agent")
Counts = np.ndarray[tuple[int, int], np.dtype[np.uint32]]


def fingerprint_log(
    batches: Iterable[pa.RecordBatch | Batch],
    prints: Fingerprinter,
    folder: Path,
    *,
    columns: Iterable[str] | None = None,
    threads: int = 2,
    on_progress: Callable[[int], None] = lambda _calls: None,
) -> Path:
    """Fingerprint all batches and return a folder in ``folder``, whose Parquet files are parts of one table.

    Batches of the call log are fingerprinted; batches of fingerprints made before are taken as they are.
    The table has the ``columns`` of ``records.CALLS``, by default all; prompts are never written. The rows of all parts
    are the same, in the same order, for every number of threads. Peak memory does not grow with the calls.
    """
    draft = folder / "calls.arrow"
    kept = set(CALLS.schema.names if columns is None else columns)
    schema = pa.schema([field for field in CALLS.schema if field.name in kept])
    counts = _Counts()
    rows = 0

    def first_pass(batch: pa.RecordBatch | Batch) -> tuple[Batch, pa.Table]:
        known = batch if isinstance(batch, Batch) else prints.fingerprint(batch)
        return known, draft_table(counts.count(known), schema)

    with pa.OSFile(str(draft), "wb") as file, pa.ipc.new_file(file, draft_schema(schema)) as writer:
        for batch, table in _in_order(batches, first_pass, threads):
            prints.remember(batch)
            writer.write_table(table)
            rows += len(table)
            on_progress(rows)
    out = folder / "calls"
    out.mkdir()
    total = counts.total()
    _write_parts(draft, out, schema, lambda drafted: _finish(drafted, schema, total, rows), threads=threads)
    draft.unlink()
    return out


class _Counts:
    """One sketch a thread, added at the end: sums do not depend on who counted what."""

    def __init__(self) -> None:
        self._mine = local()
        self._all: list[Counts] = []
        self._lock = Lock()

    def count(self, batch: Batch) -> Batch:
        if not hasattr(self._mine, "counts"):
            self._mine.counts = skeletons.new_counts()
            with self._lock:
                self._all.append(self._mine.counts)
        skeletons.add(self._mine.counts, batch.prints.heads)
        skeletons.add(self._mine.counts, batch.prints.tails)
        return batch

    def total(self) -> Counts:
        total = self._all[0] if self._all else skeletons.new_counts()
        for other in self._all[1:]:
            total += other
        return total


def _in_order(items: Iterable[T], work: Callable[[T], R], threads: int) -> Iterator[R]:
    """Do the work on threads, a few items ahead, and yield the results in the items' order."""
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def draft_schema(schema: pa.Schema = CALLS.schema) -> pa.Schema:
    """Return what the first pass makes of these columns of ``records.CALLS``: all but the skeleton; its candidates."""
    fields = [field for field in schema if field.name not in _FOUND_LATER]
    return pa.schema(fields + [pa.field(name, pa.uint64()) for name in _ENDS])


def draft_table(batch: Batch, schema: pa.Schema = CALLS.schema) -> pa.Table:
    """Return a batch as a table of ``draft_schema``."""
    ends = np.concatenate([batch.prints.heads, batch.prints.tails], axis=1)
    extra = {name: pa.array(np.ascontiguousarray(ends[:, i])) for i, name in enumerate(_ENDS)}
    wanted = draft_schema(schema)
    return pa.table({**batch.columns, **extra}).select(wanted.names).cast(wanted)


def _write_parts(
    draft: Path, out: Path, schema: pa.Schema, finish: Callable[[pa.RecordBatch], pa.Table], *, threads: int
) -> None:
    """Write the parts, each a stretch of the draft's batches, side by side."""
    with pa.OSFile(str(draft)) as file:
        batches = pa.ipc.open_file(file).num_record_batches
    parts = max(1, min(threads, batches))
    bounds = [batches * i // parts for i in range(parts + 1)]

    def write(part: int) -> None:
        # Dictionaries are useless for hashes; LZ4 costs little and halves what has to be read again and again.
        options = {
            "compression": "lz4",
            "use_dictionary": [name for name in _FEW_VALUES if name in schema.names],
            "write_statistics": False,
        }
        with (
            pq.ParquetWriter(out / f"{part:03}.parquet", schema, **options) as writer,
            pa.OSFile(str(draft)) as file,
            pa.ipc.open_file(file) as reader,
        ):
            for number in range(bounds[part], bounds[part + 1]):
                writer.write_table(finish(reader.get_batch(number)))

    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(write, range(parts)))


def _finish(batch: pa.RecordBatch, schema: pa.Schema, counts: Counts, rows: int) -> pa.Table:
    ends = np.stack([batch[name].to_numpy() for name in _ENDS], axis=1)
    skeleton, words = skeletons.assign(counts, ends[:, :4], ends[:, 4:], rows)
    columns = {name: batch[name] for name in schema.names if name not in _FOUND_LATER}
    columns["skeleton"] = pa.array(skeleton.view(np.int64), mask=skeleton == 0)
    columns["skeleton_words"] = pa.array(words)
    return pa.table(columns).select(schema.names).cast(schema)
