"""What a gateway noted becomes events, once each, and names nobody aloud."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from evidence_calls import open_book

from stillwatch.errors import EvidenceError
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.gateway_notes import Noted, append_notes

DECISION = {
    "kind": "decision",
    "at": 1_700_000_000.25,
    "call_id": "call-of-note",
    "account": "acct-1",
    "effects": [{"rule": "r1", "action": "pace", "mode": "shadow", "reason": "acct-1 is listed"}],
}
NOTES = [
    DECISION,
    {"kind": "refusal", "account": "acct-1", "level": "account", "unit": "calls"},
    {"kind": "appeal_granted", "account": "acct-2", "reason": "they wrote to us", "at": 3.0},
    {"kind": "kill_switch", "on": True, "by": "root", "at": 4},
]


def lines(notes: list[object]) -> bytes:
    return b"".join(json.dumps(n).encode() + b"\n" for n in notes)


def test_each_note_is_an_event_of_its_kind_that_says_little_aloud(tmp_path: Path) -> None:
    path = tmp_path / "admin-log.jsonl"
    path.write_bytes(lines(NOTES))
    with open_book(tmp_path) as book:
        assert append_notes(book, path) == Noted(4)
        said = [parse_canonical(e) for e in book.log.reader().entries(1)]
        assert [(e["kind"], e["note"]) for e in said] == [
            ("decision", "decision"), ("decision", "refusal"), ("appeal", "appeal_granted"), ("policy", "kill_switch"),
        ]  # fmt: skip
        assert said[0]["at"] == 1_700_000_000
        assert said[0]["effects"] == [{"rule": "r1", "action": "pace", "mode": "shadow"}]
        aloud = b"".join(book.log.reader().entries(1))
        assert not [secret for secret in (b"acct", b"wrote", b"call-of-note", b"root") if secret in aloud]
        assert book.vault.find("account", "acct-1") == [1, 2]
        ((_, _, opened),) = book.vault.read([1])
        assert json.loads(str(opened["note"])) == DECISION


def test_a_file_that_grows_or_is_packed_adds_only_what_is_new(tmp_path: Path) -> None:
    path, packed = tmp_path / "admin-log.jsonl", tmp_path / "n.notes.gz"
    path.write_bytes(lines(NOTES[:2]))
    packed.write_bytes(gzip.compress(lines(NOTES[1:3])))
    with open_book(tmp_path) as book:
        assert append_notes(book, path).new == 2
        assert append_notes(book, path).new == 0
        assert append_notes(book, packed).new == 1
    path.write_bytes(lines(NOTES))
    with open_book(tmp_path) as book:
        assert append_notes(book, path).new == 1


def test_a_torn_line_is_counted_and_an_unfinished_last_one_waits(tmp_path: Path) -> None:
    path = tmp_path / "admin-log.jsonl"
    whole = lines(NOTES)
    path.write_bytes(b'{"kind":"dec\n' + b"[]\n\n" + lines(NOTES[:1]) + whole.splitlines()[2])
    with open_book(tmp_path) as book:
        assert append_notes(book, path) == Noted(new=1, unreadable=2)
        with path.open("ab") as file:
            file.write(b"\n")
        assert append_notes(book, path).new == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "decision", "at": 1e300, "effects": "none", "rule": "x" * 70_000},
        {"kind": "k" * 70_000, "at": "noon", "effects": [1, {"rule": 5}]},
        {"kind": "decision", "effects": [{"rule": "r" * 256, "action": "é" * 128, "mode": "m" * 256}] * 1_000},
    ],
)
def test_an_odd_note_is_logged_all_the_same(tmp_path: Path, odd: dict[str, object]) -> None:
    path = tmp_path / "notes"
    path.write_bytes(lines([odd]))
    with open_book(tmp_path) as book:
        assert append_notes(book, path).new == 1


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "n.notes.gz"
    path.write_bytes(gzip.compress(lines(NOTES))[:-9])
    with open_book(tmp_path) as book:
        with pytest.raises(EvidenceError, match="cannot be read"):
            append_notes(book, path)
        with pytest.raises(EvidenceError, match="cannot be read"):
            append_notes(book, tmp_path / "none")
