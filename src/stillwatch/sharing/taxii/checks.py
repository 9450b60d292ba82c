"""Is this a STIX object? What a server must know of one to keep and find it; whether it makes sense, readers judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from stillwatch.sharing.taxii.times import read_time

MAX_OBJECT_BYTES = 1_000_000
"""One object: a report with ten thousand references is 600 kB."""
MAX_DEPTH = 32
"""Nesting: STIX itself needs six."""
_ID = re.compile(
    r"([a-z][a-z0-9-]{1,78}[a-z0-9])--[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
SPEC_VERSIONS = ("2.0", "2.1")
MAX_VERSION = 40
"""Characters of a timestamp: 20 and nine digits at most."""


@dataclass(frozen=True)
class Checked:
    """An object that can be kept. ``version`` is empty for one that STIX gives no version (an observable)."""

    object: str
    type: str
    version: str
    version_at: int
    spec_version: str
    sender: str
    """``created_by_ref``; empty if it names nobody."""
    body: bytes


@dataclass(frozen=True)
class Refused:
    """An object that cannot: what can be said of it, and why."""

    object: str
    version: str
    problem: str


def check_object(given: Any) -> Checked | Refused:
    """Return what is kept of an object, or why it is refused. Never raises."""
    if not isinstance(given, dict):
        return Refused("", "", "not a JSON object")
    name = given.get("id")
    shown = name[:120] if isinstance(name, str) else ""
    said = given.get("modified", given.get("created", ""))
    version = said if isinstance(said, str) and len(said) <= MAX_VERSION else "?"
    try:
        return _check(given, version)
    except ValueError as problem:
        return Refused(shown, "" if read_time(version) is None else version, str(problem))


def _check(given: dict[str, Any], version: str) -> Checked:
    name = given.get("id")
    found = _ID.fullmatch(name) if isinstance(name, str) else None
    if not found or given.get("type") != found[1]:
        raise ValueError("id is not TYPE--UUID with the object's own type")
    at = read_time(version) if version else 0
    if at is None:
        raise ValueError("modified or created is not an RFC 3339 time in UTC with Z")
    spec_version = given.get("spec_version", "2.0" if version else "2.1")
    if spec_version not in SPEC_VERSIONS:
        raise ValueError(f"spec_version is not one of {', '.join(SPEC_VERSIONS)}")
    if not _is_shallow(given, MAX_DEPTH):
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    body = _encode(given)
    if len(body) > MAX_OBJECT_BYTES:
        raise ValueError(f"larger than {MAX_OBJECT_BYTES:,} bytes")
    sender = given.get("created_by_ref", "")
    if not isinstance(sender, str) or (sender and not _ID.fullmatch(sender)):
        raise ValueError("created_by_ref is not an id")
    return Checked(found[0], found[1], version, at, spec_version, sender, body)


def _encode(given: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(given)
    except TypeError:
        raise ValueError("holds text that is not Unicode, or a number beyond 64 bits") from None


def _is_shallow(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left > 0 and all(_is_shallow(inner, left - 1) for inner in value.values())
    if isinstance(value, list):
        return left > 0 and all(_is_shallow(inner, left - 1) for inner in value)
    return True
