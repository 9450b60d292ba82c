"""kill -9 of an appending process at random moments: nothing that it acknowledged is lost, and the log never forks."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from benchmarks.evidence import kills
from benchmarks.evidence.killed import open_book
from benchmarks.evidence.kills import Found, Life, check, kill_often

from stillwatch.evidence.vault import Vault

APPENDING = 10


def test_kills_lose_nothing(tmp_path: Path) -> None:
    found = Found()
    kill_often(tmp_path / "kills", APPENDING, 0.1, Random(20_260_601), found)
    assert found.harm == 0, found
    assert found.kills >= found.appending == APPENDING
    assert found.acknowledged > 0
    assert sum(found.steps.values()) == found.kills


def test_a_lost_call_a_fork_and_a_closed_record_would_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_book(tmp_path) as book:
        book.append_calls(kills.calls(0, 5))
    found = Found()
    check(Life(tmp_path, calls=7, seen={3: bytes(32)}), 0, found)
    assert (found.lost, found.forks) == (2, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "every", lambda _: iter(()))
        check(Life(tmp_path), 0, found)
    assert found.closed == 7
