"""Databases by URL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from stillwatch.errors import SettingsError, StoreError
from stillwatch.store.sql import open_database


def test_a_new_file_is_private_and_one_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new/x.db"
    open_database(f"sqlite:///{path}", option="--store").close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_database(f"sqlite:///{path}", option="--store")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "not a url", "sqlite:///:memory:"])
def test_another_kind_of_url_is_refused_by_the_name_of_its_option(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^--store: "):
        open_database(url, option="--store")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"no database, but long enough to look like one" * 30)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="restore this file"):
        open_database(f"sqlite:///{path}", option="--store")


def test_nothing_is_left_of_a_write_that_raises(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/x.db", option="--store")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER NOT NULL)"))
    with pytest.raises(StoreError), database.write() as connection:
        connection.execute(text("INSERT INTO t VALUES (1), (NULL)"))
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    with pytest.raises(StoreError, match="cannot be used"), database.read() as connection:
        connection.execute(text("SELECT * FROM none"))
    database.close()
