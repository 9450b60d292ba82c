"""Fingerprint segments: Parquet of what the first pass over a log makes of it, so that it need not be made again.

The columns are those of ``records.CALLS`` without the skeleton, which only the whole log tells; the heads and tails it
is found by; and for each kind of keyed value its text, in the first row of the file that has it. No prompt, no address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import SourceError
from stillwatch.ingest.files import SEGMENT_MARK, InputFile, open_parquet
from stillwatch.ingest.fingerprint import Batch
from stillwatch.ingest.fingerprint_log import draft_schema, draft_table
from stillwatch.ingest.kernels.rows import new_prints
from stillwatch.ingest.names import Names, Seen
from stillwatch.store.key import derive_key

FORMAT = 1
"""Grows whenever the same text gets another fingerprint: segments of different formats cannot be scanned together."""
NAMED = ("account", "model", "channel", "user_agent", "tls_fingerprint", "asn", "prefix")
"""Kinds whose values have a name in the host's own report; addresses have none."""
ENDS = tuple(f"{end}_{i}" for end in ("head", "tail") for i in range(4))


@dataclass(frozen=True)
class SegmentInfo:
    """What a segment's footer says. Times are microseconds since 1970 UTC, 0 without calls."""

    key: str
    calls: int
    first: int
    last: int


def key_id(key: bytes) -> str:
    """Name a key without giving it away: 8 bytes derived of it, as hexadecimal digits."""
    return derive_key(key, "fingerprint/key-id")[:8].hex()


def sealed_schema() -> pa.Schema:
    """Return the columns of a segment."""
    names = [pa.field(f"{kind}_name", pa.large_string()) for kind in NAMED]
    return pa.schema([*draft_schema(), *names])


def write_segment(path: Path, batches: Iterable[Batch], *, key: bytes) -> int:
    """Write fingerprinted batches as a segment, and return how many calls it has."""
    seen = {kind: Seen() for kind in NAMED}
    return write_tables(path, (_with_names(batch, seen) for batch in batches), key=key_id(key))


def write_tables(path: Path, tables: Iterable[pa.Table], *, key: str, says: Mapping[str, str] | None = None) -> int:
    """Write tables of ``sealed_schema`` as one segment, and return how many calls it has; ``says`` joins its footer."""
    calls, first, last = 0, 0, 0
    # Dictionaries are useless for hashes, statistics for all but the time.
    with pq.ParquetWriter(
        path, sealed_schema(), compression="zstd", use_dictionary=["model", "channel", "hour"], write_statistics=False
    ) as writer:
        for table in tables:
            if len(table):
                ends = pc.min_max(table["started_at"].cast(pa.int64())).as_py()
                first = min(first, ends["min"]) if calls else ends["min"]
                last = max(last, ends["max"]) if calls else ends["max"]
                calls += len(table)
                writer.write_table(table)
        about = {"format": FORMAT, "key": key, "calls": calls, "first": first, "last": last}
        writer.add_key_value_metadata({SEGMENT_MARK.decode(): orjson.dumps(about).decode(), **(says or {})})
    return calls


def read_info(path: Path) -> SegmentInfo:
    """Return what a segment's footer says. Raises SourceError if it is none, or of another format."""
    with open_parquet(path) as parquet:
        metadata = parquet.metadata.metadata or {}
    if SEGMENT_MARK not in metadata:
        raise SourceError(f"{path}: not a fingerprint segment; leave it out")
    says = orjson.loads(metadata[SEGMENT_MARK])
    if says["format"] != FORMAT:
        raise SourceError(
            f"{path}: fingerprints of format {says['format']}, this version makes format {FORMAT}: they do not match; "
            "scan them with the version that made them, or leave them out"
        )
    return SegmentInfo(says["key"], says["calls"], says["first"], says["last"])


def check_segments(files: Iterable[InputFile], *, key: bytes, key_file: Path) -> None:
    """Raise SourceError if a segment was made under another key: equal texts would look different."""
    mine = key_id(key)
    for file in files:
        info = read_info(file.path)
        if info.key != mine:
            raise SourceError(
                f"{file.path}: made under another fingerprint key ({info.key}, {key_file} is {mine}): nothing in it "
                "can be matched; name its key with --key, or leave the file out"
            )


def read_segments(files: Iterable[InputFile], *, batch_rows: int) -> Iterator[Batch]:
    """Yield what was fingerprinted before, in order. Raises SourceError for a damaged file."""
    return chain.from_iterable(_read(file.path, batch_rows) for file in files)


def read_tables(path: Path, *, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield a segment as it is. Raises SourceError for a damaged file."""
    with open_parquet(path) as parquet:
        if not parquet.schema_arrow.equals(sealed_schema()):
            raise SourceError(f"{path}: not the columns of a fingerprint segment; it was changed: leave it out")
        try:
            yield from parquet.iter_batches(batch_size=batch_rows)
        except (pa.ArrowException, OSError) as problem:
            raise SourceError(f"{path}: damaged: {problem}; restore it from a copy, or leave it out") from problem


def _read(path: Path, batch_rows: int) -> Iterator[Batch]:
    for batch in read_tables(path, batch_rows=batch_rows):
        prints = new_prints(batch.num_rows)
        ends = np.stack([batch[name].to_numpy() for name in ENDS], axis=1)
        prints.heads[:], prints.tails[:] = ends[:, :4], ends[:, 4:]
        columns = {name: batch[name] for name in draft_schema().names if name not in ENDS}
        names = {kind: names_in(batch, kind) for kind in NAMED}
        yield Batch(columns, prints, names, {})


def names_in(batch: pa.RecordBatch, kind: str) -> Names:
    """Return the names of a kind that are in these rows."""
    texts = batch[f"{kind}_name"]
    there = pc.and_(texts.is_valid(), batch[kind].is_valid())
    return Names(batch[kind].filter(there).to_numpy(), texts.filter(there))


def _with_names(batch: Batch, seen: Mapping[str, Seen]) -> pa.Table:
    table = draft_table(batch)
    for kind in NAMED:
        column = table[kind].combine_chunks()
        there = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        values, first = np.unique(column.drop_null().to_numpy(), return_index=True)
        texts: list[str | None] = [None] * len(table)
        new = batch.names[kind].beyond(seen[kind])
        for value, row in zip(values.tolist(), there[first].tolist(), strict=True):
            if value in new:
                texts[row] = new[value]
        table = table.append_column(f"{kind}_name", pa.array(texts, pa.large_string()))
    return table
