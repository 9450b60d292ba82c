"""Records as bytes: how a journal segment is written, and read back after a crash.

A frame is ``FF 53 57``, one letter for the kind, the payload's length (u32, little-endian), a CRC-32 over kind and
payload (ISO 3309, as zlib computes it; u32, little-endian), and the payload: JSON in UTF-8. The byte FF occurs in no
UTF-8 text (RFC 3629), so no prompt can hold something that reads like a frame.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zlib import crc32

import orjson

MARK = b"\xffSW"
"""First bytes of every frame."""
_HEAD = struct.Struct("<3scII")
MAX_PAYLOAD = 1 << 30
"""A length above 1 GiB is damage: the largest body that the gateway can be set to accept is far below."""


class Kind(StrEnum):
    """What a frame says."""

    # Enum's own is a Python function, and every call looks two of these up.
    __hash__ = str.__hash__

    HEADER = "H"
    ADMIT = "A"
    FINISH = "F"
    NOTE = "N"


_MARKS = {kind: (kind.value.encode(), crc32(kind.value.encode())) for kind in Kind}
_PLAIN = (str, int, float, bool, type(None))
_KINDS = {kind.value.encode(): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Frame:
    """One record: its kind, what it is about (a call id; of notes, their kind), and its values."""

    kind: Kind
    about: str
    row: dict[str, Any]


@dataclass(slots=True)
class Damage:
    """What could not be read. A torn tail is what a crash leaves; damage before whole frames is not."""

    torn_bytes: int = 0
    lost_bytes: int = 0


def encode(kind: Kind, about: str, row: Mapping[str, object]) -> bytes:
    """Return a frame. Values that are not JSON are written as their text, so that no row is refused."""
    if type(row) is not dict:
        row = dict(row)
    try:
        payload = orjson.dumps([about, row], default=str, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):
        # Lone surrogates, integers beyond 64 bits: Python's own encoder writes them, as ASCII.
        payload = _encode_slowly(about, row)
    letter, seed = _MARKS[kind]
    return _HEAD.pack(MARK, letter, len(payload), crc32(payload, seed)) + payload


def _encode_slowly(about: str, row: Mapping[str, object]) -> bytes:
    try:
        return json.dumps([about, row], default=str).encode()
    except (TypeError, ValueError, RecursionError):
        # Nested beyond all reason, or with odd keys: the plain values are kept, and what the others were is said.
        kept = {str(k): v if isinstance(v, _PLAIN) else f"({type(v).__name__} left out)" for k, v in row.items()}
        return json.dumps([about, kept]).encode()


def decode(data: bytes, damage: Damage | None = None) -> Iterator[Frame]:
    """Yield the whole frames of a segment in order; what is torn or damaged is passed over and counted."""
    found = damage or Damage()
    at, bad_from = 0, -1
    while at < len(data):
        frame, end = _frame_at(data, at)
        if frame is not None:
            if bad_from >= 0:
                found.lost_bytes += at - bad_from
                bad_from = -1
            yield frame
            at = end
            continue
        bad_from = at if bad_from < 0 else bad_from
        following = data.find(MARK, at + 1)
        at = len(data) if following < 0 else following
    if bad_from >= 0:
        found.torn_bytes += len(data) - bad_from


def _frame_at(data: bytes, at: int) -> tuple[Frame | None, int]:
    start = at + _HEAD.size
    if start > len(data):
        return None, at
    mark, letter, length, checksum = _HEAD.unpack_from(data, at)
    end = start + length
    if mark != MARK or letter not in _KINDS or length > MAX_PAYLOAD or end > len(data):
        return None, at
    kind = _KINDS[letter]
    payload = data[start:end]
    if crc32(payload, _MARKS[kind][1]) != checksum:
        return None, at
    about, row = _parse(payload)
    return Frame(kind, about, row), end


def _parse(payload: bytes) -> tuple[str, dict[str, Any]]:
    try:
        about, row = orjson.loads(payload)
    except ValueError:
        about, row = json.loads(payload)
    return about, row
