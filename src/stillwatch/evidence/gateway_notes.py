"""What a gateway noted (decisions, refusals, changes by administrators, appeals) as events of the log.

A note is one JSON object a line, in ``admin-log.jsonl`` or a journal's ``notes/*.notes.gz``. Aloud an entry says when,
what kind of note, and of each effect its rule, action and mode; the whole note with its account is only committed to.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.canonical import MAX_INTEGER
from stillwatch.evidence.commitments import Value
from stillwatch.evidence.events import Event

NOTES_AT_ONCE = 10_000
GZIP = b"\x1f\x8b"
"""First bytes of a file that gzip packed (RFC 1952 section 2.3.1)."""
KINDS = {"decision": "decision", "refusal": "decision"}
"""Event kinds by a note's own kind; ``appeal_…`` notes are appeals, all others changes of policy."""
SHOWN = ("rule", "action", "mode")
MAX_EFFECTS = 32
"""Of one decision said aloud: an entry holds 65,535 bytes."""
MAX_NAME_BYTES = 256
"""Of a rule, action, mode or kind of note: a longer one is no name, and is not said aloud."""


@dataclass(slots=True)
class Noted:
    """What became of a file's lines: new events, and lines that are no notes (a crash cuts one off)."""

    new: int = 0
    unreadable: int = 0


def append_notes(book: Book, path: Path) -> Noted:
    """Append the notes of a file that are not in the log yet; a last line without its end is left for the next time.

    Raises EvidenceError for a file that cannot be read.
    """
    before, noted = book.log.size, Noted()
    notes = _read(path, noted)
    while part := list(islice(notes, NOTES_AT_ONCE)):
        book.append_events(part)
    noted.new = book.log.size - before
    return noted


def _read(path: Path, noted: Noted) -> Iterator[Event]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            for line in file:
                event = _event(line.strip())
                if event is not None and line.endswith(b"\n"):
                    yield event
                elif event is None and line.strip():
                    noted.unreadable += 1
    except (OSError, EOFError) as problem:
        raise EvidenceError(f"{path}: the notes cannot be read: {problem}") from problem


def _event(line: bytes) -> Event | None:
    try:
        note = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(note, dict) or not isinstance(note.get("kind"), str):
        return None
    kind = "appeal" if note["kind"].startswith("appeal") else KINDS.get(note["kind"], "policy")
    private: dict[str, Value] = {"note": line.decode()}
    private |= {name: note[name] for name in ("account", "call_id") if isinstance(note.get(name), str)}
    return Event(kind, _public(note), private, once=line)


def _public(note: Mapping[str, Any]) -> dict[str, object]:
    said: dict[str, object] = {"note": note["kind"][:MAX_NAME_BYTES], **_names(note)}
    if isinstance(note.get("at"), int | float) and abs(note["at"]) <= MAX_INTEGER:
        said["at"] = int(note["at"])
    effects = note.get("effects")
    shown = [_names(e) for e in effects[:MAX_EFFECTS] if isinstance(e, dict)] if isinstance(effects, list) else []
    return said | ({"effects": shown} if shown else {})


def _names(value: Mapping[str, Any]) -> dict[str, object]:
    names = {name: value.get(name) for name in SHOWN}
    return {n: v for n, v in names.items() if isinstance(v, str) and len(v.encode()) <= MAX_NAME_BYTES}
