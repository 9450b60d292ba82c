"""Promises of a worker: signed with the log's key as it is now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError, SettingsError
from stillwatch.evidence.book import Book
from stillwatch.evidence.promises import Promise, verify_promise
from stillwatch.gateway.promising import LOOK_SECONDS, Promiser
from stillwatch.gateway.settings import Evidence, GatewaySettings, Journal
from stillwatch.settings import EvidenceSettings


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    told = EvidenceSettings(folder=tmp_path / "evidence", origin="log.example", key_file=tmp_path / "key")
    with Book(told, clock=lambda: 0.0) as made:
        yield made


def test_whoever_has_the_logs_key_can_check_a_promise(book: Book) -> None:
    promiser = Promiser(Evidence(folder=book.settings.folder, promises=True))
    said = promiser.promise("c-1", 1_780_000_000_000_000)
    assert said.isascii()
    assert verify_promise(said.decode(), book.keys.every) == Promise("log.example", "c-1", 1_780_000_000_000_000)


def test_a_rotated_key_is_taken_within_a_second(book: Book) -> None:
    now = [0.0]
    promiser = Promiser(Evidence(folder=book.settings.folder, promises=True), clock=lambda: now[0])
    book.rotate()
    old, new = book.keys.every
    assert verify_promise(promiser.promise("c", 1).decode(), [old])
    now[0] += LOOK_SECONDS
    assert verify_promise(promiser.promise("c", 1).decode(), [new])


def test_keys_that_cannot_be_read_any_more_leave_the_last_one(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    promiser = Promiser(Evidence(folder=book.settings.folder, promises=True), clock=lambda: now[0])
    vkeys = book.settings.folder / "log/keys/vkeys.json"
    vkeys.rename(vkeys.with_suffix(".away"))
    vkeys.write_text("{}")
    now[0] += LOOK_SECONDS
    assert verify_promise(promiser.promise("c", 1).decode(), book.keys.every)
    assert "cannot be read" in capsys.readouterr().err
    os.replace(vkeys.with_suffix(".away"), vkeys)  # noqa: PTH105  (over the broken one)


def test_without_a_log_there_is_nothing_to_promise(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no log was begun here"):
        Promiser(Evidence(folder=tmp_path, promises=True))


def test_what_may_be_served_without_a_record_is_not_promised() -> None:
    with pytest.raises(SettingsError, match="when_disk_full"):
        GatewaySettings(evidence=Evidence(promises=True), journal=Journal(when_disk_full="shed"))
