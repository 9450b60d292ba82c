"""Calls as log entries: what everyone may read, and what only an opening shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
import pyarrow as pa

from stillwatch.evidence.canonical import MAX_INTEGER, canonical
from stillwatch.evidence.commitments import SEED_BYTES, Value, commit

VERSION = 1
"""Of the entry format; a verifier refuses others."""
PUBLIC = ("model", "operation", "channel", "input_tokens", "output_tokens", "reasoning_tokens")
"""Columns of the call log that an entry says aloud, where they are known; hour and success beside them."""
PRIVATE = ("call_id", "account", "client_address", "client_asn", "user_agent", "tls_fingerprint")
"""Columns that are committed to, where they are known; the exact time and the prompt's digest beside them."""
MICROSECONDS_PER_HOUR = 3_600_000_000
PROMPT_COLUMNS = ("messages", "prompt", "system")


MAX_TEXT_BYTES = 1_024
"""Of a model, operation or channel said aloud: a longer text is a mistake or an attack, and an entry has 65,535."""


@dataclass(frozen=True, slots=True)
class CallEntry:
    """One call: its entry's bytes, and the fields that open it."""

    entry: bytes
    private: Mapping[str, Value]
    seed: bytes


def call_entries(batch: pa.RecordBatch, seeds: bytes) -> Iterator[CallEntry]:
    """Yield the entries of a batch of ``records.CALL_LOG``; ``seeds`` has SEED_BYTES fresh bytes a row."""
    rows = batch.select([n for n in (*PUBLIC, *PRIVATE, *PROMPT_COLUMNS, "status") if n in batch.schema.names])
    started = batch["started_at"].cast(pa.int64()).to_pylist()
    for at, (row, time) in enumerate(zip(rows.to_pylist(), started, strict=True)):
        seed = seeds[at * SEED_BYTES : (at + 1) * SEED_BYTES]
        private = private_fields(row, time)
        yield CallEntry(_entry(row, time, commit(seed, private)), private, seed)


def private_fields(row: Mapping[str, Any], started_at: int) -> dict[str, Value]:
    """Return the fields of a call that its entry only commits to; ``started_at`` in microseconds since 1970 UTC."""
    fields: dict[str, Value] = {name: row[name] for name in PRIVATE if row.get(name) is not None}
    fields["started_at"] = started_at
    fields = {name: value for name, value in fields.items() if not isinstance(value, int) or abs(value) <= MAX_INTEGER}
    if any(row.get(name) is not None for name in PROMPT_COLUMNS):
        fields["prompt"] = prompt_digest(row)
    return fields


def prompt_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what was asked, in hex: the JSON array of messages, prompt and system."""
    return sha256(orjson.dumps([row.get(name) for name in PROMPT_COLUMNS])).hexdigest()


def speakable(value: Any) -> Any:
    """Return a public value as an entry says it: None for an integer that canonical JSON cannot say, the SHA-256 of a
    text that is too long.
    """  # noqa: D205 - one sentence
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return None
    if isinstance(value, str) and len(value.encode()) > MAX_TEXT_BYTES:
        return f"sha256:{sha256(value.encode()).hexdigest()}"
    return value


def _entry(row: Mapping[str, Any], started_at: int, private: str) -> bytes:
    status = row.get("status")
    public = {name: value for name in PUBLIC if (value := speakable(row.get(name))) is not None}
    public |= {
        "v": VERSION,
        "kind": "call",
        "hour": started_at // MICROSECONDS_PER_HOUR,
        "completed": status is None or 200 <= status < 300,
        "private": private,
    }
    return orjson.dumps(public, option=orjson.OPT_SORT_KEYS)


def event_entry(kind: str, fields: Mapping[str, object]) -> bytes:
    """Return the entry of something that is no call: a finding, decision, appeal, key, erasure. All of it is public.

    ``fields`` are canonical values (``canonical``). Raises EvidenceError for others.
    """
    return canonical({"v": VERSION, "kind": kind, **fields})
