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


def fingerprint_log(
    batches: Iterable[pa.RecordBatch | Batch],
    prints: Fingerprinter,
    folder: Path,
    *,
    threads: int = 2,
    on_progress: Callable[[int], None] = lambda _calls: None,
) -> Path:
    """Fingerprint all batches and return a Parquet file of ``records.CALLS`` in ``folder``; prompts are never written.

    Batches of the call log are fingerprinted; batches of fingerprints made before are taken as they are.
    The rows are the same, in the same order, for every number of threads. Peak memory does not grow with the calls.
    """
    draft = folder / "calls.arrow"
    counts = _Counts()
    rows = 0

    def first_pass(batch: pa.RecordBatch | Batch) -> Batch:
        return counts.count(batch if isinstance(batch, Batch) else prints.fingerprint(batch))

    with pa.OSFile(str(draft), "wb") as file, pa.ipc.new_stream(file, draft_schema()) as writer:
        for batch in _in_order(batches, first_pass, threads):
            prints.remember(batch)
            table = draft_table(batch)
            writer.write_table(table)
            rows += len(table)
            on_progress(rows)
    out = folder / "calls.parquet"
    _name_skeletons(draft, out, counts.total(), rows, threads)
    draft.unlink()
    return out


class _Counts:
    """One sketch a thread, added at the end: sums do not depend on who counted what."""

    def __init__(self) -> None:
        self._mine = local()
        self._all: list[np.ndarray[tuple[int, int], np.dtype[np.uint32]]] = []
        self._lock = Lock()

    def count(self, batch: Batch) -> Batch:
        if not hasattr(self._mine, "counts"):
            self._mine.counts = skeletons.new_counts()
            with self._lock:
                self._all.append(self._mine.counts)
        skeletons.add(self._mine.counts, batch.prints.heads)
        skeletons.add(self._mine.counts, batch.prints.tails)
        return batch

    def total(self) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
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


def draft_schema() -> pa.Schema:
    """Return the columns that the first pass makes: those of ``records.CALLS`` but the skeleton, and its candidates."""
    fields = [pa.field(c.name, c.type) for c in CALLS.columns if c.name not in _FOUND_LATER]
    return pa.schema(fields + [pa.field(name, pa.uint64()) for name in _ENDS])


def draft_table(batch: Batch) -> pa.Table:
    """Return a batch as a table of ``draft_schema``."""
    ends = np.concatenate([batch.prints.heads, batch.prints.tails], axis=1)
    extra = {name: pa.array(np.ascontiguousarray(ends[:, i])) for i, name in enumerate(_ENDS)}
    return pa.table({**batch.columns, **extra}).select(draft_schema().names).cast(draft_schema())


def _name_skeletons(
    draft: Path, out: Path, counts: np.ndarray[tuple[int, int], np.dtype[np.uint32]], rows: int, threads: int
) -> None:
    def finish(batch: pa.RecordBatch) -> pa.Table:
        ends = np.stack([batch[name].to_numpy() for name in _ENDS], axis=1)
        skeleton, words = skeletons.assign(counts, ends[:, :4], ends[:, 4:], rows)
        columns = {c.name: batch[c.name] for c in CALLS.columns if c.name not in _FOUND_LATER}
        columns["skeleton"] = pa.array(skeleton.view(np.int64), mask=skeleton == 0)
        columns["skeleton_words"] = pa.array(words)
        return pa.table(columns).select(CALLS.schema.names).cast(CALLS.schema)

    # Dictionaries are useless for hashes; LZ4 costs little and halves what has to be read again and again.
    options = {
        "compression": "lz4",
        "use_dictionary": ["model", "channel", "hour", "cues", "parameters", "user_agent"],
        "write_statistics": False,
    }
    with (
        pq.ParquetWriter(out, CALLS.schema, **options) as writer,
        pa.OSFile(str(draft)) as file,
        pa.ipc.open_stream(file) as reader,
    ):
        for table in _in_order(reader, finish, threads):
            writer.write_table(table)
