"""Canonical JSON (RFC 8785), so that everyone hashes the same bytes.

Only what log entries need: objects with ASCII keys, strings, booleans, null and integers below 2**53. For these the
fast encoder's output *is* the canonical form; everything else is refused, floats above all.
"""

from __future__ import annotations

from typing import Any

import orjson

from stillwatch.errors import EvidenceError

MAX_INTEGER = 2**53 - 1
"""RFC 8785 section 3.2.2.3: larger integers are no IEEE 754 doubles."""


def canonical(value: object) -> bytes:
    """Encode. Raises EvidenceError for a value that has no canonical form here, naming it."""
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def parse_canonical(data: bytes) -> Any:
    """Decode. Raises EvidenceError unless ``data`` is canonical: one value, one spelling."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        raise EvidenceError(f"an entry: not JSON: {problem}") from None
    if canonical(value) != data:
        raise EvidenceError(f"an entry: JSON, but not in canonical form: {data[:80]!r}")
    return value


def _check(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise EvidenceError(f"canonical JSON: the key {key!r} is not ASCII")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise EvidenceError(f"canonical JSON: {value} is beyond 2^53")
    elif value is not None:
        raise EvidenceError(f"canonical JSON: {type(value).__name__} has no canonical form here: {value!r}")


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EvidenceError("canonical JSON: a text with a lone surrogate") from None
