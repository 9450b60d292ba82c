"""The commitments of many records of one shape: disclosures, their digests, and the one hash over these.

The same bytes as ``commitments.commit`` makes one at a time; the tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import shake_256
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.evidence.commitments import SALT_BYTES, SEED_BYTES
from stillwatch.evidence.kernels.sha256 import DIGEST, LANES, Lanes, hash_lanes, kernel, new_lanes, pad

Bytes = NDArray[np.uint8]
Spans = NDArray[np.int64]
DIGEST_TEXT = 43
"""Characters of a digest in base64 without padding."""
SALT_TEXT = 22
ESCAPED = 6
"""Characters that a byte of a text takes in JSON at most: ``\\u001f``."""
INTEGER = 20
"""Characters of a 64-bit integer at most."""
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8)
"""RFC 4648 section 5."""
HEXADECIMAL = np.frombuffer(b"0123456789abcdef", np.uint8)
PLAIN, LONG = 0, 1
ESCAPES = np.full(256, PLAIN, np.uint8)
"""How JSON writes a byte (RFC 8785 section 3.2.2.2): as it is, as ``\\u00`` and two digits, or by this letter."""
ESCAPES[:32] = LONG
ESCAPES[[8, 9, 10, 12, 13, 34, 92]] = np.frombuffer(b'btnfr"\\', np.uint8)
_NO_INTEGERS, _NO_TEXT = np.empty(0, np.int64), np.empty(0, np.uint8)


def commit_alike(columns: Mapping[str, pa.Array], seeds: bytes) -> list[bytes]:
    """Return ``private`` of every row, in base64. The columns are strings or integers, in the order of their names.

    None has nulls: a record commits to what is known of it.
    """
    rows, fields = len(seeds) // SEED_BYTES, len(columns)
    size = SALT_BYTES * fields
    raw = b"".join([shake_256(seeds[i : i + SEED_BYTES]).digest(size) for i in range(0, len(seeds), SEED_BYTES)])
    salts = np.frombuffer(raw, np.uint8).reshape(rows, fields, SALT_BYTES)
    digests = np.empty((fields, rows, DIGEST), np.uint8)
    for number, (name, array) in enumerate(columns.items()):
        _digest_column(name, array, salts[:, number], digests[number])
    out = np.empty((rows, DIGEST_TEXT), np.uint8)
    _combine([name.encode() for name in columns], digests, out)
    text = out.tobytes()
    return [text[i : i + DIGEST_TEXT] for i in range(0, len(text), DIGEST_TEXT)]


class Values(NamedTuple):
    """One field of every row: integers if there are any, else texts (Arrow's data and offsets)."""

    integers: Spans
    data: Bytes
    offsets: Spans


def _digest_column(name: str, array: pa.Array, salts: Bytes, out: Bytes) -> None:
    between = b'","%b",' % name.encode()
    if pa.types.is_integer(array.type):
        values, longest = Values(array.to_numpy(), _NO_TEXT, _NO_INTEGERS), INTEGER
    else:
        _, offsets, data = array.buffers()
        at = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        values = Values(_NO_INTEGERS, np.frombuffer(data, np.uint8) if data is not None else _NO_TEXT, at)
        longest = ESCAPED * int(np.diff(at).max(initial=0)) + len('""')
    plain = np.empty(len('["') + SALT_TEXT + len(between) + longest + len("]"), np.uint8)
    lanes = new_lanes(len(plain) * 4 // 3 + 4)
    _hash_disclosures(np.frombuffer(between, np.uint8), salts, values, plain, lanes, out)


def _combine(names: list[bytes], digests: Bytes, out: Bytes) -> None:
    heads = [(b"," if number else b"{") + b'"%b":"' % name for number, name in enumerate(names)]
    ends = np.cumsum([0, *map(len, heads)])
    whole = int(ends[-1]) + len(names) * (DIGEST_TEXT + len('"')) + len("}")
    _hash_objects(np.frombuffer(b"".join(heads), np.uint8), ends, digests, new_lanes(whole), out)


@kernel
def _encode(source: Bytes, length: int, target: Bytes, at: int) -> int:
    """Write ``length`` bytes as base64 without padding from ``at`` on; return its end."""
    for i in range(0, length - 2, 3):
        value = (np.uint32(source[i]) << 16) | (np.uint32(source[i + 1]) << 8) | np.uint32(source[i + 2])
        target[at] = ALPHABET[value >> 18]
        target[at + 1] = ALPHABET[(value >> 12) & 63]
        target[at + 2] = ALPHABET[(value >> 6) & 63]
        target[at + 3] = ALPHABET[value & 63]
        at += 4
    left = length % 3
    if left:
        i = length - left
        second = np.uint32(source[i + 1]) if left == 2 else np.uint32(0)
        value = (np.uint32(source[i]) << 16) | (second << 8)
        target[at] = ALPHABET[value >> 18]
        target[at + 1] = ALPHABET[(value >> 12) & 63]
        at += 2
        if left == 2:
            target[at] = ALPHABET[(value >> 6) & 63]
            at += 1
    return at


@kernel
def _write_text(data: Bytes, start: int, stop: int, target: Bytes, at: int) -> int:
    """Write a text as JSON (RFC 8785 section 3.2.2.2); return its end."""
    target[at] = 0x22
    at += 1
    for i in range(start, stop):
        byte = data[i]
        escape = ESCAPES[byte]
        if escape == PLAIN:
            target[at] = byte
            at += 1
            continue
        target[at] = 0x5C
        if escape == LONG:
            target[at + 1] = 0x75
            target[at + 2] = 0x30
            target[at + 3] = 0x30
            target[at + 4] = HEXADECIMAL[byte >> 4]
            target[at + 5] = HEXADECIMAL[byte & 15]
            at += 6
        else:
            target[at + 1] = escape
            at += 2
    target[at] = 0x22
    return at + 1


@kernel
def _write_integer(value: int, target: Bytes, at: int) -> int:
    """Write an integer beyond -2**63 in decimals; return its end."""
    if value < 0:
        target[at] = 0x2D
        at += 1
        value = -value
    end, rest = at + 1, value // 10
    while rest:
        end += 1
        rest //= 10
    for i in range(end - 1, at - 1, -1):
        target[i] = 0x30 + value % 10
        value //= 10
    return end


@kernel
def _hash_disclosures(  # noqa: PLR0917  (a kernel has no keywords)
    between: Bytes, salts: Bytes, values: Values, plain: Bytes, lanes: Lanes, out: Bytes
) -> None:
    """Hash the disclosure of each row, base64 of ``["salt","name",value]``; ``between`` is what follows the salt."""
    rows = out.shape[0]
    for first in range(0, rows, LANES):
        count = min(LANES, rows - first)
        for lane in range(count):
            row = first + lane
            plain[0] = 0x5B
            plain[1] = 0x22
            at = _encode(salts[row], SALT_BYTES, plain, 2)
            for i in range(between.size):
                plain[at + i] = between[i]
            at += between.size
            if values.integers.size:
                at = _write_integer(values.integers[row], plain, at)
            else:
                at = _write_text(values.data, values.offsets[row], values.offsets[row + 1], plain, at)
            plain[at] = 0x5D
            message = lanes.messages[lane]
            lanes.blocks[lane] = pad(message, _encode(plain, at + 1, message, 0))
        hash_lanes(lanes, count)
        for lane in range(count):
            for i in range(DIGEST):
                out[first + lane, i] = lanes.hashed[lane, i]


@kernel
def _hash_objects(heads: Bytes, ends: Spans, digests: Bytes, lanes: Lanes, out: Bytes) -> None:
    """Hash the object of each row's digests, ``{"name":"digest",…}``, and write the hash in base64.

    ``heads`` are what stands before each digest, one after the other; ``ends`` says from where to where.
    """
    fields, rows = digests.shape[0], digests.shape[1]
    for first in range(0, rows, LANES):
        count = min(LANES, rows - first)
        for lane in range(count):
            message, at = lanes.messages[lane], 0
            for field in range(fields):
                for i in range(ends[field], ends[field + 1]):
                    message[at] = heads[i]
                    at += 1
                at = _encode(digests[field, first + lane], DIGEST, message, at)
                message[at] = 0x22
                at += 1
            message[at] = 0x7D
            lanes.blocks[lane] = pad(message, at + 1)
        hash_lanes(lanes, count)
        for lane in range(count):
            _encode(lanes.hashed[lane], DIGEST, out[first + lane], 0)
