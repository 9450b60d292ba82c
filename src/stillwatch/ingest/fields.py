"""Reach into JSON documents of other people's making, whatever types their values have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import orjson

from stillwatch.errors import SourceError

KEY_CHARACTERS = 16
"""Hex digits kept of a credential's SHA-256: 64 bits tell a billion keys apart (birthday bound at four
billion)."""

_CREDENTIAL = re.compile(
    r"^(?:bearer\s|basic\s|sk-|pk-|rk-|gsk_|xai-|hf_|ghp_|AKIA|ASIA|AIza|ya29\.|eyJ[\w-]+\.eyJ)",
    re.IGNORECASE,
)
"""How keys begin: HTTP schemes (RFC 6750, 7617), providers' prefixes, JSON web tokens (RFC 7519)."""

Value = object


def get(document: Value, path: str) -> Value:
    """Return the value at a dotted path, or under the path as one key; None where there is none."""
    if isinstance(document, Mapping) and path in document:
        return document[path]
    for step in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(step)
    return document


def first(document: Value, *paths: str) -> Value:
    """Return the first value among these paths that is neither null nor empty."""
    for path in paths:
        value = get(document, path)
        if value is not None and value not in ("", [], {}):
            return value
    return None


def text(document: Value, *paths: str) -> str | None:
    """Return the first non-empty text or number among these paths, as text."""
    for path in paths:
        value = get(document, path)
        if isinstance(value, list) and value:
            value = value[0]  # a header that is sent more than once
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return None


def mapping(value: Value) -> Mapping[str, object]:
    """Return the value if it is a JSON object, or JSON text of one; else an empty one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = parse_json(value)
    return value if isinstance(value, Mapping) else {}


def items(value: Value) -> list[object]:
    """Return the value if it is a list, or JSON text of one; else an empty one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = parse_json(value)
    return value if isinstance(value, list) else []


def parse_json(value: str) -> Value:
    """Return what JSON text says; None if it is none."""
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return None


def number(value: Value) -> float | None:
    """Return a number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def total(*values: Value) -> int | None:
    """Add the numbers among these values; None if there is none."""
    known = [n for n in map(number, values) if n is not None and abs(n) < 2**62]
    return int(sum(known)) if known else None


def lower_keys(value: Value) -> dict[str, object]:
    """Return an object with keys in lower case, as header names are compared (RFC 9110, section 5.1)."""
    return {str(k).lower(): v for k, v in mapping(value).items()}


def hide_credential(name: str | None) -> str | None:
    """Return a name, or if it is a credential a short hash of it that does not reveal it."""
    return hash_credential(name) if name and _CREDENTIAL.search(name.strip()) else name


def hash_credential(credential: str | None) -> str | None:
    """Return ``key:`` and a short SHA-256 of a credential, the same with and without HTTP scheme."""
    if not credential or not credential.strip():
        return None
    bare = re.sub(r"^(?:bearer|basic)\s+", "", credential.strip(), flags=re.IGNORECASE)
    return "key:" + hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()[:KEY_CHARACTERS]


def need(row: Mapping[str, object], *columns: str, looked: str = "") -> None:
    """Raise SourceError if a row lacks one of these columns, saying where it was looked for."""
    for column in columns:
        if row.get(column) in (None, ""):
            raise SourceError(f"no {column}" + (f": looked in {looked}" if looked else ""))
