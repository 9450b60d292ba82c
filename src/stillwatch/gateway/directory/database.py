"""The directory's database: opened by URL, checked at open, changed under one counter.

SQLite (one machine, several processes) or PostgreSQL (several machines), through SQLAlchemy Core.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, update
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from stillwatch.errors import DirectoryError, DirectoryUnavailableError, StoreError
from stillwatch.gateway.directory.tables import SCHEMA_VERSION, metadata, state
from stillwatch.store import sql

BUSY_SECONDS = 5.0
"""How long SQLite waits for another writer: a change takes milliseconds, an import of a million rows a minute."""
CREATION_LOCK = 0x5354494C4C574154
"""PostgreSQL's advisory lock while tables are made: the bytes of STILLWAT."""

Note = Callable[[str, Mapping[str, object]], None]
"""Where a change is noted before it is committed, as ``ports.Recorder.note``."""


@dataclass
class Change:
    """A change under way: its connection, its number, and what will be noted of it."""

    connection: Connection
    number: int
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def note(self, kind: str, **row: object) -> None:
        """Have this noted if the change is committed."""
        self.notes.append((kind, row))


@dataclass(frozen=True)
class State:
    """Which directory this is, and how many changes it has seen."""

    identity: str
    changes: int


class Database:
    """An open directory. ``place`` names it in messages, without its password; ``path`` is SQLite's file."""

    def __init__(self, engine: Engine, place: str, note: Note | None = None, path: Path | None = None) -> None:
        self.engine, self.place, self._note, self.path = engine, place, note, path

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Read in one transaction. Raises DirectoryUnavailableError if the database does not answer."""
        with explained(self.place), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def change(self) -> Iterator[Change]:
        """Change it in one transaction, after all changes before it; nothing is left of one that raises.

        Raises DirectoryUnavailableError if the database does not answer, and whatever the note's writer raises.
        """
        with explained(self.place), self.engine.connect().execution_options(stillwatch_writes=True) as connection:
            # 1. Take the next number.  Locks the counter's row: the next change waits here until this one ends.
            # 2. Change rows.           A crash here leaves nothing: the transaction is rolled back.
            # 3. Note what was changed. A crash here leaves a note of what did not happen, never the reverse.
            # 4. Commit.
            number = connection.execute(
                update(state).values(changes=state.c.changes + 1).returning(state.c.changes)
            ).scalar_one()
            change = Change(connection, number)
            yield change
            for kind, row in change.notes:
                if self._note is not None:
                    self._note(kind, row)
            connection.commit()

    def state(self) -> State:
        """Return which directory this is and its change counter."""
        with self.read() as connection:
            row = connection.execute(select(state.c.identity, state.c.changes)).one()
        return State(row.identity, row.changes)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str, *, note: Note | None = None) -> Database:
    """Open the directory at ``url``, making it at first use; a SQLite file gets mode 0600.

    Raises SettingsError for a URL of another kind or a file open to others, DirectoryError for a database that is of
    another version or no directory, DirectoryUnavailableError if it does not answer.
    """
    try:
        opened = sql.open_database(url, option="the directory", busy_seconds=BUSY_SECONDS)
    except StoreError as problem:
        raise DirectoryError(str(problem)) from problem
    database = Database(opened.engine, opened.place, note, opened.path)
    try:
        with explained(database.place):
            _prepare(database.engine)
            _check_version(database.engine, database.place)
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn a database's exceptions into ours, without statements and values."""
    try:
        yield
    except OperationalError as problem:
        raise DirectoryUnavailableError(
            f"{place}: the directory does not answer: {_first_line(problem)}; check that it is there, runs and has room"
        ) from problem
    except SQLAlchemyError as problem:
        raise DirectoryError(f"{place}: the directory cannot be used: {_first_line(problem)}") from problem


def _first_line(problem: SQLAlchemyError) -> str:
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    return str(cause).strip().partition("\n")[0]


def _prepare(engine: Engine) -> None:
    """Make what is missing. Several processes may do so at once; one makes, the others find it made."""
    with engine.connect() as connection:
        if inspect(connection).has_table(state.name):
            return
    with engine.connect().execution_options(stillwatch_writes=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(CREATION_LOCK)))
        metadata.create_all(connection)
        if connection.execute(select(state.c.one)).first() is None:
            row = {"one": 1, "schema_version": SCHEMA_VERSION, "identity": secrets.token_hex(16), "changes": 0}
            connection.execute(state.insert().values(row))
        connection.commit()


def _check_version(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        version = connection.execute(select(state.c.schema_version)).scalar_one_or_none()
    if version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        cure = "install the newer Stillwatch that made it" if newer else "restore a copy, or name another directory"
        raise DirectoryError(
            f"{place}: the directory has schema {version}, this Stillwatch knows {SCHEMA_VERSION}; {cure}"
        )
