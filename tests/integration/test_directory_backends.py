"""The directory in SQLite and in a real PostgreSQL: one story, two processes at once, a database that goes away."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from directories import NOW, PostgresqlServer, postgresql_binaries, postgresql_server
from stillwatch.errors import DirectoryError, DirectoryUnavailableError
from stillwatch.gateway.directory.database import Database, open_database
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.keyring import DirectoryKeyring
from stillwatch.records import ACCOUNTS

BINARIES = postgresql_binaries()
NUMBERS = itertools.count()

needs_postgresql = pytest.mark.skipif(BINARIES is None, reason="PostgreSQL's initdb and postgres are not installed")

OPENS = """
import sys
from stillwatch.gateway.directory.opened import Directory
with Directory(sys.argv[1]) as directory:
    print(directory.database.state().identity)
"""

ISSUES_AND_REVOKES = """
import sys, time
from stillwatch.gateway.directory.opened import Directory
url, account, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Directory(url) as directory:
    for number in range(rounds):
        kept = directory.keys.issue(account, by=account, now=time.time())
        gone = directory.keys.issue("shared", by=account, now=time.time())
        directory.keys.revoke(gone.text, by=account, now=time.time())
        print(kept.text, gone.text, directory.database.state().changes, flush=True)
"""

STEPS = """
import json, sys
from stillwatch.gateway.directory.database import open_database
from stillwatch.gateway.keyring import DirectoryKeyring
copy = DirectoryKeyring(open_database(sys.argv[1]))
for line in sys.stdin:
    copy.poll()
    print(json.dumps([copy.find(line.strip()) is not None, copy.is_appeal_granted("acme")]), flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    assert BINARIES is not None
    with postgresql_server(BINARIES) as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/directory.sqlite"
    server: PostgresqlServer = request.getfixturevalue("server")
    return server.new_database(f"directory_{next(NUMBERS)}")


@pytest.fixture
def open_copy() -> Iterator[Callable[..., DirectoryKeyring]]:
    """Return what opens a copy in memory; every database that was opened so is closed at the end."""
    opened: list[Database] = []

    def make(url: str, now: float = NOW) -> DirectoryKeyring:
        opened.append(open_database(url))
        return DirectoryKeyring(opened[-1], clock=lambda: now)

    yield make
    for database in opened:
        database.close()


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_whole_life_of_an_account(url: str, open_copy: Callable[..., DirectoryKeyring]) -> None:
    with Directory(url) as directory:
        copy = open_copy(url, NOW + 1)
        directory.accounts.add("acme", {"plan": "pro"}, by="me", now=NOW)
        old = directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW + 100)
        new = directory.keys.rotate(old.text, by="me", now=NOW, grace_seconds=1)
        directory.accounts.set("acme", {"plan": "team"}, by="me", now=NOW)
        directory.appeals.grant("acme", reason="a class", by="me", now=NOW)
        directory.appeals.grant("acme", reason="a longer class", by="me", now=NOW)
        copy.poll()
        assert copy.find(old.text) is None
        assert (found := copy.find(new.text)) is not None
        assert found.plan == "team"
        assert copy.is_appeal_granted("acme")
        with pytest.raises(DirectoryError, match="there already"):
            directory.accounts.add("acme", {}, by="me", now=NOW)
        directory.appeals.revoke("acme", reason="no class", by="me", now=NOW)
        directory.accounts.remove("acme", by="me", now=NOW)
        copy.poll()
        assert copy.find(new.text) is None
        assert not copy.is_appeal_granted("acme")
        assert [k.state(NOW) for k in directory.keys.list("acme")] == ["revoked", "revoked"]
        assert open_copy(url).health().keys == 0


def test_an_import_and_an_export_are_the_same_table_in_the_same_order(url: str) -> None:
    at = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    names = sorted(["Z", "a", "b", "_", "é", "ä", "👍", "a b", *(f"n{i}" for i in range(25_000))])
    rows = [{c.name: None for c in ACCOUNTS.columns} | {"account": n, "created_at": at, "plan": "p"} for n in names]
    table = pa.Table.from_pylist(rows, ACCOUNTS.schema)
    with Directory(url) as directory:
        assert directory.accounts.put_table(table, by="me", now=NOW) == len(names)
        assert directory.accounts.put_table(table, by="me", now=NOW) == len(names)
        assert pa.Table.from_batches(directory.accounts.read_batches(), ACCOUNTS.schema).equals(table)
        assert [a["account"] for a in directory.accounts.list(after="n9999", most=2)] == ["ä", "é"]


def test_processes_that_open_a_new_directory_at_once_share_it(url: str) -> None:
    running = [python(OPENS, url) for _ in range(4)]
    assert len({p.communicate()[0] for p in running}) == 1
    assert [p.returncode for p in running] == [0] * 4


def test_two_processes_that_issue_and_revoke_at_once_lose_nothing(
    url: str, open_copy: Callable[..., DirectoryKeyring]
) -> None:
    rounds = 30
    with Directory(url) as directory:
        for account in ("one", "two", "shared"):
            directory.accounts.add(account, {}, by="me", now=NOW)
        copy = open_copy(url)
        before = directory.database.state().changes
        running = [python(ISSUES_AND_REVOKES, url, account, str(rounds)) for account in ("one", "two")]
        assert running[0].stdout is not None
        # The copy follows while both write: what a poll missed would be missing at the end.
        for _line in iter(running[0].stdout.readline, ""):
            copy.poll()
        second = [p.communicate()[0] for p in running][1].split("\n")[:-1]
        copy.poll()
        assert [p.returncode for p in running] == [0, 0]
        assert len(second) == rounds
        assert directory.database.state().changes == before + 2 * 3 * rounds
        assert all(copy.find(line.split()[0]) is not None and copy.find(line.split()[1]) is None for line in second)
        states = [k.state(NOW) for k in directory.keys.list()]
        assert (states.count("valid"), states.count("revoked")) == (2 * rounds, 2 * rounds)
        fresh = open_copy(url)
        assert fresh.health().keys == 2 * rounds
        assert {k.key for k in directory.keys.list() if k.revoked_at is None} == _valid(copy, directory)


def _valid(copy: DirectoryKeyring, directory: Directory) -> set[str]:
    return {k.key for k in directory.keys.list() if copy._snapshot.find(k.key.removeprefix("sw-")) is not None}


def test_another_process_refuses_a_revoked_key_and_knows_an_appeal_after_one_poll(url: str) -> None:
    with Directory(url) as directory:
        directory.accounts.add("acme", {}, by="me", now=NOW)
        worker = python(STEPS, url)
        ask = _asking(worker)
        credential = directory.keys.issue("acme", by="me", now=NOW).text
        assert ask(credential) == [True, False]
        directory.keys.revoke(credential, by="me", now=NOW)
        directory.appeals.grant("acme", reason="x", by="me", now=NOW)
        assert ask(credential) == [False, True]
        worker.communicate()
        assert worker.returncode == 0


def _asking(worker: subprocess.Popen[str]) -> Callable[[str], object]:
    def ask(credential: str) -> object:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(credential + "\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())

    return ask


@needs_postgresql
def test_while_postgresql_is_down_the_last_copy_goes_on(
    server: PostgresqlServer, open_copy: Callable[..., DirectoryKeyring]
) -> None:
    url = server.new_database("goes_away")
    directory = Directory(url)
    directory.accounts.add("acme", {}, by="me", now=NOW)
    kept, gone = (directory.keys.issue("acme", by="me", now=NOW).text for _ in range(2))
    copy = open_copy(url)
    server.stop()
    try:
        copy.poll()
        assert "does not answer" in copy.health().problem
        assert copy.find(kept) is not None
        with pytest.raises(DirectoryUnavailableError):
            directory.keys.revoke(gone, by="me", now=NOW)
    finally:
        server.start()
    directory.keys.revoke(gone, by="me", now=NOW)
    copy.poll()
    assert copy.health().problem == ""
    assert copy.find(kept) is not None
    assert copy.find(gone) is None
    directory.close()


@needs_postgresql
def test_a_plain_postgresql_url_uses_the_library_we_have(server: PostgresqlServer) -> None:
    url = server.new_database("plain_url").replace("postgresql+psycopg", "postgresql")
    with Directory(url) as directory:
        assert directory.accounts.list() == []
