"""Entries of whole batches of calls: the same bytes as ``entries.call_entries`` makes, a column at a time.

Base64 of three bytes at a time stands alone, so the front of a disclosure (salt and name, of one length in all rows)
and its value are encoded apart, fronts in one go and values that repeat once.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_256
from itertools import repeat

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.evidence.canonical import MAX_INTEGER
from stillwatch.evidence.commitments import SALT_BYTES, SEED_BYTES
from stillwatch.evidence.entries import MICROSECONDS_PER_HOUR, PRIVATE, PROMPT_COLUMNS, PUBLIC, VERSION, speakable
from stillwatch.evidence.vault import SCHEMA

SALT_TEXT = 22
"""Characters of 16 bytes in base64 without padding."""
DIGEST_TEXT = 43
"""The same of 32 bytes."""
URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""RFC 4648 section 5."""

Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class EncodedCalls:
    """Entries, and the rows of the vault that open them, without index and call key."""

    entries: list[bytes]
    rows: pa.Table


def encode_calls(batch: pa.RecordBatch, seeds: bytes) -> EncodedCalls:
    """Encode a batch of ``records.CALL_LOG``; ``seeds`` has SEED_BYTES fresh bytes a row."""
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
        return _commit_alike({n: a for b, (n, a) in enumerate(columns.items()) if patterns[0] >> b & 1}, seeds)
    found: list[bytes] = [b""] * rows
    for pattern in patterns:
        at = np.flatnonzero(known == pattern)
        alike = {n: a.take(pa.array(at)) for b, (n, a) in enumerate(columns.items()) if pattern >> b & 1}
        mine = b"".join([seeds[i * SEED_BYTES : (i + 1) * SEED_BYTES] for i in at.tolist()])
        for i, value in zip(at.tolist(), _commit_alike(alike, mine), strict=True):
            found[i] = value
    return found


def _commit_alike(columns: dict[str, pa.Array], seeds: bytes) -> list[bytes]:
    rows, size = len(seeds) // SEED_BYTES, SALT_BYTES * len(columns)
    raw = b"".join([shake_256(seeds[i : i + SEED_BYTES]).digest(size) for i in range(0, len(seeds), SEED_BYTES)])
    salts = _encode_rows(raw, SALT_BYTES).reshape(rows, len(columns), SALT_TEXT)
    parts: list[bytes | Bytes] = []
    for at, (name, array) in enumerate(columns.items()):
        parts += [b'%b"%b":"' % (b"," if at else b"{", name.encode()), _digests(name, array, salts[:, at])]
        parts.append(b'"')
    whole = _lay_out([*parts, b"}"], rows)
    width = whole.shape[1]
    text = whole.tobytes()
    digests = b"".join([sha256(text[i : i + width]).digest() for i in range(0, len(text), width)])
    return _split(_encode_rows(digests, 32).tobytes(), DIGEST_TEXT)


def _digests(name: str, array: pa.Array, salts: Bytes) -> Bytes:
    """Return the digests of one field's disclosures, in base64, a row each."""
    front = _lay_out([b'["', salts, b'","%b",' % name.encode()], len(salts))
    cut = front.shape[1] - front.shape[1] % 3
    rest = front[0, cut:].tobytes()  # the end of the name's quotes: the same in every row
    fronts = _encode_whole(np.ascontiguousarray(front[:, :cut]).tobytes())
    width = cut // 3 * 4
    values = _values(array, rest)
    raw = b"".join(
        [sha256(fronts[i : i + width] + v).digest() for i, v in zip(range(0, len(fronts), width), values, strict=True)]
    )
    return _encode_rows(raw, 32)


def _values(array: pa.Array, rest: bytes) -> Sequence[bytes]:
    """Return ``rest``, the value as JSON and ``]`` of each row, in base64."""
    coded = array.dictionary_encode()
    repeated = len(coded.dictionary) * 2 < len(array)
    plain = (coded.dictionary if repeated else array).to_pylist()
    if pa.types.is_integer(array.type):
        texts = [b"%b%d]" % (rest, value) for value in plain]
    else:
        texts = [b"%b%b]" % (rest, value) for value in map(orjson.dumps, plain)]
    encoded = b"".join([b2a_base64(text) for text in texts]).translate(URL_SAFE, b"=").split(b"\n")
    encoded.pop()
    return [encoded[i] for i in coded.indices.to_pylist()] if repeated else encoded


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


def _lay_out(parts: Sequence[bytes | Bytes], rows: int) -> Bytes:
    """Set texts of one length side by side: ``bytes`` are the same in every row."""
    widths = [len(p) if isinstance(p, bytes) else p.shape[1] for p in parts]
    whole = np.empty((rows, sum(widths)), np.uint8)
    at = 0
    for part, width in zip(parts, widths, strict=True):
        whole[:, at : at + width] = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        at += width
    return whole


def _encode_rows(raw: bytes, size: int) -> Bytes:
    """Encode rows of ``size`` bytes each by itself, without padding."""
    rows = len(raw) // size
    padded = np.zeros((rows, -(-size // 3) * 3), np.uint8)
    padded[:, :size] = np.frombuffer(raw, np.uint8).reshape(rows, size)
    text = np.frombuffer(_encode_whole(padded.tobytes()), np.uint8).reshape(rows, -1)
    return text[:, : -(-size * 4 // 3)]


def _encode_whole(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(URL_SAFE)


def _split(text: bytes, width: int) -> list[bytes]:
    return [text[i : i + width] for i in range(0, len(text), width)]
