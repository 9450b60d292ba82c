"""The cache of events says what the log says, whatever became of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from evidence_calls import calls, open_book

from stillwatch.evidence.book import Appended
from stillwatch.evidence.event_cache import EventCache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 3, model='"kind":"call"')])
        book.append_source("ab", Appended(3, 3, 1))
        book.append_finding({"campaign": "C", "accounts": 1, "calls": 2}, report="r")
        book.rotate()
        book.erase([1], reason="x")
        book.append_calls([calls(3, 3)])
    return tmp_path


def known(cache: EventCache) -> object:
    return cache.through, cache.sources, cache.findings, cache.keys, cache.unfinished


@pytest.mark.parametrize("damage", ["kept", "removed", "torn", "half", "of another log"])
def test_whatever_became_of_the_file_everything_is_known(folder: Path, damage: str) -> None:
    path = folder / "evidence/vault/events.jsonl"
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    if damage == "removed":
        path.unlink()
    elif damage != "kept":
        new = {"torn": data[:-9], "half": b"".join(lines[:2]), "of another log": b'{"through":999}\n'}[damage]
        path.write_bytes(new)
    with open_book(folder) as book:
        assert book.events.sources == {"ab"}
        assert {campaign for campaign, _ in book.events.findings} == {"C"}
        assert [index for index, _ in book.events.keys] == [6]
        assert book.events.unfinished == {}
        assert book.events.through == book.log.size == 11
    fresh = EventCache(path)
    with open_book(folder) as book:
        fresh.catch_up(book.log.reader())
        assert known(fresh) == known(book.events)


def test_opening_again_and_again_does_not_grow_it(folder: Path) -> None:
    path = folder / "evidence/vault/events.jsonl"
    before = path.read_bytes()
    for _ in range(3):
        open_book(folder).close()
    assert path.read_bytes() == before
