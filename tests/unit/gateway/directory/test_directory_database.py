from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import update

from stillwatch.errors import DirectoryError, DirectoryUnavailableError, SettingsError
from stillwatch.gateway.directory.database import open_database
from stillwatch.gateway.directory.tables import SCHEMA_VERSION, state


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/data/directory.sqlite"


def set_version(folder: Path, version: int) -> None:
    database = open_database(url(folder))
    with database.change() as change:
        change.connection.execute(update(state).values(schema_version=version))
    database.close()


def test_a_directory_is_made_at_first_use_for_its_owner_only(tmp_path: Path) -> None:
    open_database(url(tmp_path)).close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data/directory.sqlite").stat().st_mode & 0o777 == 0o600


def test_its_write_ahead_log_is_for_its_owner_only(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with database.change():
        assert {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "data").iterdir()} == {
            "directory.sqlite": 0o600,
            "directory.sqlite-wal": 0o600,
            "directory.sqlite-shm": 0o600,
        }


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_database(url(tmp_path)).close()
    (tmp_path / "data/directory.sqlite").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_database(url(tmp_path))


def test_changes_are_counted(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    before = database.state()
    with database.change() as change:
        assert change.number == before.changes + 1
    assert database.state().changes == change.number
    assert database.state().identity == before.identity


def test_a_change_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with pytest.raises(ZeroDivisionError), database.change():
        raise ZeroDivisionError
    assert database.state().changes == 0


def test_a_change_is_noted_before_it_is_committed(tmp_path: Path) -> None:
    seen: list[tuple[str, Mapping[str, object], int]] = []
    database = open_database(
        url(tmp_path), note=lambda kind, row: seen.append((kind, row, open_database(url(tmp_path)).state().changes))
    )
    with database.change() as change:
        change.note("something", account="a")
    assert seen == [("something", {"account": "a"}, 0)]


def test_a_change_that_cannot_be_noted_is_not_made(tmp_path: Path) -> None:
    def refuse(_kind: str, _row: Mapping[str, object]) -> None:
        raise DirectoryUnavailableError("no room")

    database = open_database(url(tmp_path), note=refuse)
    with pytest.raises(DirectoryUnavailableError, match="no room"), database.change() as change:
        change.note("something")
    assert database.state().changes == 0


def test_a_directory_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    set_version(tmp_path, SCHEMA_VERSION + 1)
    with pytest.raises(DirectoryError, match=f"schema {SCHEMA_VERSION + 1}, .*install the newer"):
        open_database(url(tmp_path))


def test_a_directory_of_an_older_version_is_refused(tmp_path: Path) -> None:
    set_version(tmp_path, SCHEMA_VERSION - 1)
    with pytest.raises(DirectoryError, match="restore a copy"):
        open_database(url(tmp_path))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("not a database, but long enough to look at" * 40)
    path.chmod(0o600)
    with pytest.raises(DirectoryError, match=r"notes: .*not a database"):
        open_database(f"sqlite:///{path}")


def test_a_file_that_was_taken_away_is_an_error_and_is_not_made_anew(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    path = tmp_path / "data/directory.sqlite"
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(DirectoryUnavailableError, match="does not answer"):
        database.state()
    assert not path.exists()


def test_a_writer_waits_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.directory.database.BUSY_SECONDS", 0.0)
    database = open_database(url(tmp_path))
    with database.change(), pytest.raises(DirectoryUnavailableError, match="locked"), database.change():
        pass


@pytest.mark.parametrize("address", ["mysql://x@y/z", "sqlite://", "sqlite:///:memory:", "not a url", ""])
def test_a_url_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="sqlite:///PATH"):
        open_database(address)


def test_no_message_shows_the_password() -> None:
    # Nothing listens on port 9 of this machine (the discard service of 1983).
    with pytest.raises(DirectoryUnavailableError) as caught:
        open_database("postgresql://me:hunter2@127.0.0.1:9/db?connect_timeout=1")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)


def test_a_relative_path_is_not_moved_by_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = open_database("sqlite:///directory.sqlite")
    os.chdir("/")
    assert database.state().changes == 0


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "a ?mode=ro#é%20"
    open_database(f"sqlite:///{path}".replace("?", "%3F")).close()
    assert [p.name for p in tmp_path.iterdir()] != []


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING"
