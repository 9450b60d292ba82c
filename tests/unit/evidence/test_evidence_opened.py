"""A log opened to read, beside its writer or without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from evidence_calls import calls, open_book

from stillwatch.errors import EvidenceError
from stillwatch.evidence.opened import open_log
from stillwatch.evidence.tree import leaf_hash, verify_inclusion


def test_it_is_read_while_another_process_appends(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 300)])
        opened = open_log(tmp_path / "evidence")
        book.append_calls([calls(300, 300)])
        assert opened.reader.checkpoint.size == 301
        assert len(list(opened.reader.entries())) == 301
        assert open_log(tmp_path / "evidence").reader.checkpoint.size == 601


def test_its_proofs_are_tlog_proofs(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 4)])
    opened = open_log(tmp_path / "evidence")
    head, _, note = opened.proof(2).partition("\n\n")
    assert head.splitlines()[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert len(head.splitlines()) == 2 + 3
    assert note == opened.note
    checkpoint = opened.reader.checkpoint
    proof = opened.reader.prove(2)
    verify_inclusion(leaf_hash(opened.reader.entry(2)), index=2, size=5, proof=proof, root=checkpoint.root)


def test_a_log_that_was_rolled_back_is_noticed(tmp_path: Path) -> None:
    public = tmp_path / "evidence/log/public"
    with open_book(tmp_path) as book:
        shutil.copytree(public, tmp_path / "copy")
        book.append_calls([calls(0, 4)])
    shutil.rmtree(public)
    (tmp_path / "copy").rename(public)
    with pytest.raises(EvidenceError, match="rolled back"):
        open_log(tmp_path / "evidence")


def test_between_a_crash_and_the_next_start_it_can_be_read(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == "swap":
            raise Killed

    book = open_book(tmp_path)
    book.log._step = die
    with pytest.raises(Killed):
        book.append_calls([calls(0, 4)])
    book.log._lock.close()
    assert open_log(tmp_path / "evidence").reader.checkpoint.size == 1


def test_where_no_log_was_begun_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no log was begun here"):
        open_log(tmp_path)
    open_book(tmp_path).close()
    (tmp_path / "evidence/log/keys/signed").unlink()
    with pytest.raises(EvidenceError, match="bring it back"):
        open_log(tmp_path / "evidence")
