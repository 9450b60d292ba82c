"""A witness's memory: whole turns, bounded, and open to several processes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import parse_note
from stillwatch.evidence.witness import memory as module
from stillwatch.evidence.witness.memory import Memory
from witness_parties import ORIGIN, FakeLog

LOG = FakeLog()
ID = sha256(ORIGIN.encode()).hexdigest()


def store(memory: Memory, size: int) -> None:
    with memory.turn(ORIGIN) as turn:
        turn.store(LOG.head(size), LOG.note(size))


def test_what_a_turn_stores_is_there_for_the_next_one_and_for_another_process(tmp_path: Path) -> None:
    store(Memory(tmp_path / "m"), 3)
    store(Memory(tmp_path / "m"), 7)
    again = Memory(tmp_path / "m")
    with again.turn(ORIGIN) as turn:
        assert turn.latest() == LOG.head(7)
    assert again.note(ID, {ID: ORIGIN}) == str(LOG.note(7)).encode()


def test_a_turn_that_fails_leaves_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m")

    def fail() -> None:
        with memory.turn(ORIGIN) as turn:
            turn.store(LOG.head(7), LOG.note(7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with memory.turn(ORIGIN) as turn:
        assert turn.latest() is None


def test_logs_do_not_mix(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m")
    store(memory, 3)
    with memory.turn("example.com/other") as turn:
        assert turn.latest() is None
        assert turn.other(FakeLog(fork=0).head(3)) is None


def test_another_root_of_any_remembered_size_is_recognised(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m")
    for size in (3, 7):
        store(memory, size)
    with memory.turn(ORIGIN) as turn:
        assert turn.other(FakeLog(fork=1).head(3)) == parse_note(str(LOG.note(3)).encode())
        assert turn.other(LOG.head(3)) is None
        assert turn.other(FakeLog(fork=1).head(4)) is None


def test_the_oldest_are_forgotten_the_latest_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    memory = Memory(tmp_path / "m")
    for size in range(1, 9):
        store(memory, size)
    with memory.turn(ORIGIN) as turn:
        fork = FakeLog(fork=0)
        assert [size for size in range(1, 9) if turn.other(fork.head(size))] == [6, 7, 8]
        assert turn.latest() == LOG.head(8)


def test_a_file_that_is_no_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"something else " * 99)
    with pytest.raises(EvidenceError, match="cannot be used"):
        Memory(tmp_path / "m")
