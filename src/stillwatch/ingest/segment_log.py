"""A fingerprint segment as a call log without prompts: who called what, when, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.ingest.batches import SCHEMA
from stillwatch.ingest.files import InputFile
from stillwatch.ingest.names import Seen
from stillwatch.ingest.sealed import NAMED, names_in, read_tables

_SAME = {
    "started_at": "started_at",
    "max_output_tokens": "ceiling",
    "n": "samples",
    "logprobs": "logprobs",
    "tools": "tools",
    "input_tokens": "input_tokens",
    "cached_input_tokens": "cached_input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning_tokens",
}
"""Columns of the call log, and those of the segment that say the same."""
_NAMES = {
    "account": "account",
    "model": "model",
    "channel": "channel",
    "user_agent": "user_agent",
    "tls_fingerprint": "tls_fingerprint",
    "client_asn": "asn",
}
"""Columns of the call log, and the kinds whose names stand in them."""


def read_segment_log(file: InputFile, *, batch_rows: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield batches of the call log, each with about how many bytes of the file were read.

    The id of a call is its keyed hash; what a segment does not keep is null: prompts, addresses, status, temperature.
    Raises SourceError for a damaged file.
    """
    known: dict[str, dict[int, str]] = {kind: {} for kind in NAMED}
    seen = {kind: Seen() for kind in NAMED}
    done = 0
    for batch in read_tables(file.path, batch_rows=batch_rows):
        for kind in NAMED:
            known[kind].update(names_in(batch, kind).beyond(seen[kind]))
        columns = {name: batch[of] for name, of in _SAME.items()}
        columns |= {name: _texts(batch[kind], known[kind]) for name, kind in _NAMES.items()}
        columns["call_id"] = _hexadecimal(batch["call"])
        for name in ("account", "model"):
            columns[name] = pc.coalesce(columns[name], _hexadecimal(batch[name]))
        done += batch.num_rows
        arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(len(batch), f.type) for f in SCHEMA]
        yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA), file.bytes * done // max(file.rows or done, 1)


def _texts(keys: pa.Array, names: dict[int, str]) -> pa.Array:
    places = pc.index_in(keys, value_set=pa.array(names, pa.int64()))
    return pa.array(names.values(), pa.large_string()).take(places)


def _hexadecimal(keys: pa.Array) -> pa.Array:
    return pa.array([f"{key & 0xFFFFFFFFFFFFFFFF:016x}" for key in keys.to_pylist()], pa.large_string())
