"""What opens the log's entries: private fields and seeds, in Parquet files beside the log, never in it.

    vault/<first index>.parquet    one file a batch: index, seed, and the private fields; mode 0600

Erasing a record removes its seed and fields and keeps its index, so that everyone can see that it was erased.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import EvidenceError
from stillwatch.evidence.commitments import Value
from stillwatch.evidence.entries import CallEntry
from stillwatch.evidence.files import sync_folder

SCHEMA = pa.schema(
    [
        pa.field("index", pa.int64(), nullable=False),
        pa.field("call_key", pa.binary(16), nullable=False),
        pa.field("seed", pa.binary(32)),
        pa.field("call_id", pa.large_string()),
        pa.field("account", pa.large_string()),
        pa.field("started_at", pa.int64()),
        pa.field("client_address", pa.large_string()),
        pa.field("client_asn", pa.int64()),
        pa.field("user_agent", pa.large_string()),
        pa.field("tls_fingerprint", pa.large_string()),
        pa.field("prompt", pa.large_string()),
        pa.field("note", pa.large_string()),
    ]
)
"""``call_key``: keyed hash of the call id, kept after erasure so that a call is never logged twice; ``note``: what the
gateway noted, as it wrote it."""
MERGED_ROWS = 65_536
"""Rows of a file at most, once small ones are merged: one batch of a bulk append."""
MERGE_AFTER = 128
"""Small files that are written before they are merged: two minutes of appending every second."""
_REPEATED = ["account", "client_address", "client_asn", "user_agent", "tls_fingerprint"]
_COMPRESSION = {f.name: "none" if f.name in {"call_key", "seed"} else "zstd" for f in SCHEMA}
"""Random bytes neither repeat nor shrink; looking for it takes half of the writing."""
FIELDS = tuple(f.name for f in SCHEMA if f.name not in {"index", "call_key", "seed"})


class Vault:
    """The files of one log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._small = 0

    def write(self, first: int, keys: Sequence[bytes], calls: Sequence[CallEntry]) -> None:
        """Write what opens the records whose entries will be ``first`` and following, durably."""
        self.write_rows(first, keys, vault_rows(calls))

    def write_rows(self, first: int, keys: Sequence[bytes], rows: pa.Table) -> None:
        """Write the same, given as the columns ``seed`` and those of FIELDS that are not empty."""
        columns: dict[str, pa.Array] = {
            "index": pa.array(np.arange(first, first + rows.num_rows)),
            "call_key": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(16), rows.num_rows, [None, pa.py_buffer(b"".join(keys))]
            ),
        }
        for name in SCHEMA.names[2:]:
            there = name in rows.schema.names
            columns[name] = rows[name] if there else pa.nulls(rows.num_rows, SCHEMA.field(name).type)
        self._put(self._path(first), pa.table(columns, schema=SCHEMA))

        self._small += rows.num_rows < MERGED_ROWS
        if self._small >= MERGE_AFTER:
            self.merge()

    def repair(self, size: int) -> None:
        """Remove what a crash left: rows of a batch that is not in the log of ``size``, files that were merged."""
        beyond = 0
        for path in self.files():
            if int(path.stem) >= size or int(path.stem) < beyond:
                path.unlink()
            else:
                beyond = int(path.stem) + _span(path)

    def merge(self) -> None:
        """Join neighbouring files to files of up to MERGED_ROWS."""
        group: list[Path] = []
        held = 0
        for path in self.files():
            rows = pq.read_metadata(path).num_rows
            if held + rows > MERGED_ROWS:
                self._join(group)
                group, held = [], 0
            group.append(path)
            held += rows
        self._join(group)
        self._small = 0

    def _join(self, group: Sequence[Path]) -> None:
        if len(group) < 2:
            return
        # 1. Replace the first by all of them.  A crash here leaves rows twice; ``repair`` removes the later files.
        self._put(group[0], pa.concat_tables([pq.read_table(path) for path in group]))
        # 2. Remove the others.
        for path in group[1:]:
            path.unlink()

    def files(self) -> list[Path]:
        """Return the files, in the log's order."""
        return sorted(self.folder.glob("*.parquet"))

    def call_keys(self) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
        """Return every call key as two words, sorted: 16 bytes a call in memory."""
        parts = [_words(pq.read_table(path, columns=["call_key"])["call_key"]) for path in self.files()]
        every = np.concatenate(parts) if parts else np.empty((0, 2), np.uint64)
        return every[np.lexsort((every[:, 1], every[:, 0]))]

    def read(self, indices: Iterable[int]) -> Iterator[tuple[int, bytes, dict[str, Value]]]:
        """Yield (index, seed, fields) of records, in the log's order. Raises EvidenceError for one that was erased."""
        wanted = sorted(set(indices))
        starts = [int(path.stem) for path in self.files()]
        for path, first, following in zip(self.files(), starts, [*starts[1:], 1 << 62], strict=True):
            mine = [i for i in wanted if first <= i < following]
            if not mine:
                continue
            table = _read(path)
            for row in table.filter(pc.is_in(table["index"], pa.array(mine, pa.int64()))).to_pylist():
                if row["seed"] is None:
                    raise EvidenceError(f"entry {row['index']}: what opened it was erased; it can only be counted")
                yield row["index"], row["seed"], {n: row[n] for n in FIELDS if row[n] is not None}

    def every(self) -> Iterator[tuple[int, bytes, dict[str, Value]]]:
        """Yield (index, seed, fields) of every record that was not erased, in the log's order."""
        for path in self.files():
            for batch in pq.ParquetFile(path).iter_batches():
                for row in batch.to_pylist():
                    if row["seed"] is not None:
                        yield row["index"], row["seed"], {n: row[n] for n in FIELDS if row[n] is not None}

    def find(self, column: str, value: str) -> list[int]:
        """Return the indices of the records whose ``column`` (account, call_id) is ``value``."""
        found: list[int] = []
        for path in self.files():
            found += _read(path, columns=["index"], filters=[(column, "==", value)])["index"].to_pylist()
        return sorted(set(found))

    def erase(self, indices: Iterable[int]) -> int:
        """Destroy the seeds and fields of records; return how many were there to destroy.

        Each file is replaced as a whole: a crash between two of them leaves the first erased and the second not, and
        erasing again finishes it.
        """
        gone, wanted = 0, pa.array(sorted(set(indices)), pa.int64())
        for path in self.files():
            table = pq.read_table(path)
            mine = pc.and_(pc.is_in(table["index"], wanted), pc.is_valid(table["seed"]))
            count = pc.sum(mine).as_py() or 0
            if not count:
                continue
            gone += count
            for name in ("seed", *FIELDS):
                at = table.schema.get_field_index(name)
                blank = pa.scalar(None, SCHEMA.field(name).type)
                table = table.set_column(at, SCHEMA.field(name), pc.if_else(mine, blank, table[name]))
            self._put(path, table)
        return gone

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:020d}.parquet"

    def _put(self, path: Path, table: pa.Table) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file, compression=_COMPRESSION, use_dictionary=_REPEATED)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(self.folder)


def vault_rows(records: Sequence[CallEntry]) -> pa.Table:
    """Return what opens these records: ``seed`` (null where there is nothing to open) and their fields."""
    columns = {name: pa.array([r.private.get(name) for r in records], SCHEMA.field(name).type) for name in FIELDS}
    return pa.table({"seed": pa.array([r.seed or None for r in records], SCHEMA.field("seed").type), **columns})


def _read(path: Path, **more: Any) -> pa.Table:
    try:
        return pq.read_table(path, **more)
    except FileNotFoundError:
        raise EvidenceError(f"{path}: the vault's files were merged while they were read; try again") from None


def _span(path: Path) -> int:
    """Return how many indices lie between the first of a file, which names it, and its end."""
    metadata = pq.read_metadata(path)
    last = metadata.row_group(metadata.num_row_groups - 1).column(0).statistics.max
    return int(last) - int(path.stem) + 1


def _words(keys: pa.ChunkedArray) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    parts = [np.frombuffer(c.buffers()[1], np.uint64)[2 * c.offset : 2 * (c.offset + len(c))] for c in keys.chunks]
    return np.concatenate(parts).reshape(-1, 2) if parts else np.empty((0, 2), np.uint64)
