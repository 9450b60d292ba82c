"""Protocol Buffers' wire format (protobuf.dev, "Encoding"), as much of it as Envoy's messages need, and no more.

Messages of two services do not justify generated code that has to match the installed protobuf library.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10
"""Bytes of a 64-bit number, seven bits each."""


class WireError(ValueError):
    """The bytes are no message."""


def fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of every field; lengths and numbers beyond the end raise WireError."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(raw, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(raw, at)
        elif kind in {FIXED32, FIXED64}:
            size = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"wire type {kind}")
        if at + size > len(raw):
            raise WireError("cut off")
        yield number, raw[at : at + size]
        at += size


def message(raw: bytes, number: int) -> bytes:
    """Return an embedded message, empty if it is absent; of several the last counts."""
    found = b""
    for n, value in fields(raw):
        if n == number and isinstance(value, bytes):
            found = value
    return found


def messages(raw: bytes, number: int) -> Iterator[bytes]:
    """Yield every element of a repeated message, text or bytes field."""
    return (value for n, value in fields(raw) if n == number and isinstance(value, bytes))


def whole(raw: bytes, number: int) -> int:
    """Return a number field, 0 if it is absent."""
    return next((value for n, value in fields(raw) if n == number and isinstance(value, int)), 0)


def text(raw: bytes, number: int) -> str:
    """Return a text field, empty if it is absent."""
    return message(raw, number).decode("utf-8", "replace")


def mapping(raw: bytes, number: int) -> dict[str, str]:
    """Return a ``map<string, string>`` field."""
    return {text(entry, 1): text(entry, 2) for entry in messages(raw, number)}


def write(number: int, value: int | str | bytes) -> bytes:
    """Return one field: a number of at least 0, text, or bytes (an embedded message)."""
    if isinstance(value, int):
        return _write_varint(number << 3 | VARINT) + _write_varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return _write_varint(number << 3 | BYTES) + _write_varint(len(raw)) + raw


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(LONGEST_VARINT):
        if at >= len(raw):
            raise WireError("cut off")
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    raise WireError("a number of more than 64 bits")


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
