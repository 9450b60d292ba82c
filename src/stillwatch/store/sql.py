"""A database by URL: SQLite in a private file (the default), or PostgreSQL, through SQLAlchemy Core.

Transactions that were opened with ``stillwatch_writes`` take SQLite's one write lock at their start, so that what they
read first is still so when they write.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from stillwatch.errors import SettingsError, StoreError

BUSY_SECONDS = 30.0
"""How long SQLite waits for another writer: a batch of a bulk load takes tenths of a second."""
CONNECT_SECONDS = 5
"""PostgreSQL: longer than a fail-over's TCP retries of 1 and 3 s, short enough that health says so soon."""
STATEMENT_SECONDS = 30


class Database:
    """An open database. ``place`` names it in messages, without its password; ``path`` is SQLite's file."""

    def __init__(self, engine: Engine, place: str, path: Path | None = None) -> None:
        self.engine, self.place, self.path = engine, place, path

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Read in one transaction. Raises StoreError."""
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction; nothing is left of one that raises. Raises StoreError."""
        with self._explained(), self.engine.connect().execution_options(stillwatch_writes=True) as connection:
            yield connection
            connection.commit()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as problem:
            cause = problem.orig if isinstance(problem, DBAPIError) else problem
            first = str(cause).strip().partition("\n")[0]
            raise StoreError(f"{self.place}: cannot be used: {first}; check that it is there, runs and has room") from (
                problem
            )


def open_database(url: str, *, option: str, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open the database at ``url``, a SQLite file made at first use with mode 0600; ``option`` names where it was said.

    ``busy_seconds`` is how long SQLite waits for another writer. Raises SettingsError for a URL of another kind or a
    file open to others, StoreError for a file that is no database.
    """
    parsed = _parse(url, option)
    place = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database)).absolute()
        return Database(_sqlite(path, place, option, busy_seconds), place, path)
    return Database(_postgresql(parsed), place)


def _parse(url: str, option: str) -> URL:
    known = "sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME"
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise SettingsError(f"{option}: not a URL of a database; write {known}") from problem
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(f"{option}: begins with {parsed.drivername!r}; write {known}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise SettingsError(f"{option}: names no file; write sqlite:///PATH (four slashes for an absolute one)")
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def _sqlite(path: Path, place: str, option: str, busy_seconds: float) -> Engine:
    _make_private_file(path, option)
    # mode=rw: a file that was taken away is an error, not an empty database.
    target = f"{path.as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        made = sqlite3.connect(target, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        # FULL: in WAL mode, NORMAL may lose a committed transaction at a power cut (sqlite.org/pragma.html).
        made.execute("PRAGMA synchronous = FULL")
        return made

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("stillwatch_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    try:
        with contextlib.closing(connect()) as raw:
            raw.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as problem:
        raise StoreError(f"{place}: {problem}; restore this file, or name another") from problem
    return engine


def _make_private_file(path: Path, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        mode = path.stat().st_mode
    except OSError as problem:
        raise SettingsError(f"{option}: {path} cannot be made: {problem.strerror}; name another place") from problem
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{option}: {path} is open to other users of this machine; run: chmod 600 {path}")


def _postgresql(url: URL) -> Engine:
    timeouts = {
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c lock_timeout={STATEMENT_SECONDS * 1000}",
        # A peer that is gone without a word is noticed (libpq's names, milliseconds and seconds).
        "tcp_user_timeout": CONNECT_SECONDS * 1000,
        "keepalives_idle": CONNECT_SECONDS,
    }
    settings = {name: value for name, value in timeouts.items() if name not in url.query}
    try:
        return create_engine(url, connect_args=settings, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as problem:
        raise SettingsError(
            "PostgreSQL needs a library that is not installed; run: pip install 'stillwatch[postgresql]'"
        ) from problem
