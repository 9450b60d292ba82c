"""Entries of whole batches of calls: the same bytes as ``entries.call_entries`` makes, a column at a time.

Commitments are hashed by compiled loops (``kernels/``), public fields are written once for each value that repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.evidence.canonical import MAX_INTEGER
from stillwatch.evidence.commitments import SEED_BYTES
from stillwatch.evidence.entries import (
    MICROSECONDS_PER_HOUR,
    PRIVATE,
    PROMPT_COLUMNS,
    PUBLIC,
    VERSION,
    call_entries,
    speakable,
)
from stillwatch.evidence.kernels.commitments import commit_alike
from stillwatch.evidence.vault import SCHEMA, vault_rows

FEW = 128
"""So many calls are encoded one at a time: 3 ms, where loading the compiled loops takes half a second, once."""


@dataclass(frozen=True, slots=True)
class EncodedCalls:
    """Entries, and the rows of the vault that open them, without index and call key."""

    entries: list[bytes]
    rows: pa.Table


def encode_calls(batch: pa.RecordBatch, seeds: bytes) -> EncodedCalls:
    """Encode a batch of ``records.CALL_LOG``; ``seeds`` has SEED_BYTES fresh bytes a row."""
    if batch.num_rows <= FEW:
        calls = list(call_entries(batch, seeds))
        return EncodedCalls([call.entry for call in calls], vault_rows(calls))
    private = private_columns(batch)
    commitments = _commit(private, seeds)
    entries = _entries(batch, commitments)
    seed_rows = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SEED_BYTES), batch.num_rows, [None, pa.py_buffer(seeds)])
    return EncodedCalls(entries, pa.table({"seed": seed_rows, **private}))


def private_columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Return the columns that are only committed to, by name, in the order of the names."""
    columns = {name: batch[name] for name in PRIVATE if name in batch.schema.names}
    columns["started_at"] = batch["started_at"].cast(pa.int64())
    columns["prompt"] = _prompts(batch)
    for name, array in columns.items():
        if pa.types.is_integer(array.type):
            columns[name] = _speakable(array)
    return {n: columns[n].cast(SCHEMA.field(n).type) for n in sorted(columns)}


def _speakable(array: pa.Array) -> pa.Array:
    """Drop integers that canonical JSON cannot say."""
    ends = pc.min_max(array)
    if array.null_count == len(array) or max(abs(ends["min"].as_py()), abs(ends["max"].as_py())) <= MAX_INTEGER:
        return array
    fits = pc.and_(pc.less_equal(array, MAX_INTEGER), pc.greater_equal(array, -MAX_INTEGER))
    return pc.if_else(fits, array, pa.scalar(None, array.type))


def _prompts(batch: pa.RecordBatch) -> pa.Array:
    texts = [batch[name].to_pylist() if name in batch.schema.names else repeat(None) for name in PROMPT_COLUMNS]
    dumps = orjson.dumps
    found = [
        None if m is None and p is None and s is None else sha256(dumps((m, p, s))).hexdigest()
        for m, p, s, _ in zip(*texts, range(batch.num_rows), strict=False)
    ]
    return pa.array(found, pa.large_string())


def _commit(columns: dict[str, pa.Array], seeds: bytes) -> list[bytes]:
    """Return ``private`` of every row, in base64: rows with the same known fields together."""
    rows = len(seeds) // SEED_BYTES
    known = np.zeros(rows, np.int64)
    for bit, array in enumerate(columns.values()):
        known |= np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.int64) << bit
    patterns = np.unique(known)
    if len(patterns) == 1:
        return commit_alike({n: a for b, (n, a) in enumerate(columns.items()) if patterns[0] >> b & 1}, seeds)
    found: list[bytes] = [b""] * rows
    for pattern in patterns:
        at = np.flatnonzero(known == pattern)
        alike = {n: a.take(pa.array(at)) for b, (n, a) in enumerate(columns.items()) if pattern >> b & 1}
        mine = b"".join([seeds[i * SEED_BYTES : (i + 1) * SEED_BYTES] for i in at.tolist()])
        for i, value in zip(at.tolist(), commit_alike(alike, mine), strict=True):
            found[i] = value
    return found


def _entries(batch: pa.RecordBatch, commitments: list[bytes]) -> list[bytes]:
    rows = batch.num_rows
    parts: dict[str, Sequence[bytes]] = {
        "completed": _completed(batch),
        "hour": _texts("hour", _hours(batch)),
        "kind": [b'"kind":"call",'] * rows,
        "private": [b'"private":"%b",' % c for c in commitments],
    }
    for name in PUBLIC:
        if name in batch.schema.names and batch[name].null_count < rows:
            parts[name] = _texts(name, batch[name])
    columns = [parts[name] for name in sorted(parts)]
    columns += [[b'"v":%d}' % VERSION] * rows]
    return [b"{" + b"".join(row) for row in zip(*columns, strict=True)]


def _texts(name: str, array: pa.Array) -> list[bytes]:
    """Return ``"name":value,`` for every row, nothing where the value is null."""
    coded = array.dictionary_encode()
    plain = map(speakable, coded.dictionary.to_pylist())
    values = [b"" if v is None else b'"%b":%b,' % (name.encode(), orjson.dumps(v)) for v in plain]
    return [b"" if i is None else values[i] for i in coded.indices.to_pylist()]


def _completed(batch: pa.RecordBatch) -> list[bytes]:
    said = {True: b'"completed":true,', False: b'"completed":false,'}
    if "status" not in batch.schema.names:
        return [said[True]] * batch.num_rows
    status = batch["status"]
    good = pc.fill_null(pc.and_(pc.greater_equal(status, 200), pc.less(status, 300)), fill_value=True)
    return [said[value] for value in good.to_pylist()]


def _hours(batch: pa.RecordBatch) -> pa.Array:
    times = batch["started_at"].cast(pa.int64()).to_numpy()
    return pa.array(np.floor_divide(times, MICROSECONDS_PER_HOUR))
