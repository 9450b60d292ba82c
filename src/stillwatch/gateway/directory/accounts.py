"""Accounts: who may hold keys, of which organization, on which plan. Columns of ``records.ACCOUNTS``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from sqlalchemy import Insert, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.database import Change, Database
from stillwatch.gateway.directory.keys import revoke_all
from stillwatch.gateway.directory.tables import accounts, microseconds
from stillwatch.records import ACCOUNTS

VERIFICATIONS = ("none", "education", "startup", "research", "kyc")
"""The values of ``verification``, from the weakest (docs/design.md)."""
MAX_CHARACTERS = 256
"""Of one value: names and fingerprints. RFC 5321's longest address has 254."""
BATCH_ROWS = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = tuple(c.name for c in ACCOUNTS.columns)
_NOTED = ("organization", "plan", "verification")
"""What a note repeats of a change: what policy goes by, no fingerprint."""
_SETTABLE = frozenset(_NAMES) - {"account"}

Account = dict[str, Any]
"""One account by column name; ``created_at`` is a datetime in UTC, what is unknown is None."""


class Accounts:
    """The accounts of a directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, account: str, values: Mapping[str, object], *, by: str, now: float) -> Account:
        """Add an account. Raises DirectoryError if it is there already or a value is refused."""
        row = {"created_at": microseconds(now), **_checked(account, values)}
        with self._database.change() as change:
            if change.connection.execute(_one(account)).first() is not None:
                raise DirectoryError(f"account {account!r} is there already; change it with set")
            change.connection.execute(accounts.insert().values(**row, changed=change.number))
            change.note("account_added", account=account, by=by, at=now)
        return self.get(account)

    def set(self, account: str, values: Mapping[str, object], *, by: str, now: float) -> Account:
        """Change some values of an account; None forgets one. Raises NotInDirectoryError, DirectoryError."""
        row = _checked(account, values)
        with self._database.change() as change:
            done = change.connection.execute(
                update(accounts).where(accounts.c.account == account).values(**row, changed=change.number)
            )
            _found(done.rowcount, account)
            shown = {name: values[name] for name in _NOTED if name in values}
            change.note("account_set", account=account, columns=sorted(values), **shown, by=by, at=now)
        return self.get(account)

    def remove(self, account: str, *, by: str, now: float) -> None:
        """Forget an account and revoke its keys; what stays is the name, on revoked keys and granted appeals."""
        with self._database.change() as change:
            done = change.connection.execute(delete(accounts).where(accounts.c.account == account))
            _found(done.rowcount, account)
            revoke_all(change, account, now=now)
            change.note("account_removed", account=account, by=by, at=now)

    def get(self, account: str) -> Account:
        """Return one account. Raises NotInDirectoryError."""
        with self._database.read() as connection:
            row = connection.execute(_one(account)).first()
        if row is None:
            raise unknown(account)
        return _shown(row)

    def list(self, *, after: str = "", most: int = 100) -> list[Account]:
        """Return accounts in the order of their names, those after a name, at most so many."""
        query = select(*_columns()).where(accounts.c.account > after).order_by(accounts.c.account).limit(most)
        with self._database.read() as connection:
            return [_shown(row) for row in connection.execute(query)]

    def put_table(self, table: pa.Table, *, by: str, now: float) -> int:
        """Add or replace every account of a table with ``ACCOUNTS.schema``, all or none; return how many."""
        with self._database.change() as change:
            statement = _upsert(change)
            for batch in table.to_batches(max_chunksize=BATCH_ROWS):
                rows = [_imported(row, now) for row in batch.to_pylist()]
                change.connection.execute(statement, [{**row, "changed": change.number} for row in rows])
            change.note("accounts_imported", accounts=table.num_rows, by=by, at=now)
        return int(table.num_rows)

    def read_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield every account as batches of ``ACCOUNTS.schema``, in one transaction, in the order of their names."""
        query = select(*_columns()).order_by(accounts.c.account)
        with self._database.read() as connection:
            result = connection.execution_options(yield_per=BATCH_ROWS).execute(query)
            for rows in result.partitions():
                columns = zip(*rows, strict=True)
                arrays = [pa.array(list(v), c.type) for v, c in zip(columns, ACCOUNTS.columns, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=ACCOUNTS.schema)


def unknown(account: str) -> NotInDirectoryError:
    """Make the error for an account that is not there."""
    return NotInDirectoryError(f"no account is called {account!r}; add it first: stillwatch accounts add")


def check_account_name(account: str) -> None:
    """Refuse a name that no table, header line or terminal should have to carry. Raises DirectoryError."""
    _check_text("account", account)
    if not account:
        raise DirectoryError("account: the name is empty; give it one")


def _found(rows: int, account: str) -> None:
    if rows == 0:
        raise unknown(account)


def _columns() -> list[Any]:
    return [accounts.c[name] for name in _NAMES]


def _one(account: str) -> Any:
    return select(*_columns()).where(accounts.c.account == account)


def _checked(account: str, values: Mapping[str, object]) -> dict[str, object]:
    check_account_name(account)
    strangers = sorted(set(values) - _SETTABLE)
    if strangers:
        raise DirectoryError(f"no such column: {', '.join(strangers)}; known: {', '.join(sorted(_SETTABLE))}")
    return {"account": account, **{name: _check_value(name, value) for name, value in values.items()}}


def _check_value(name: str, value: object) -> object:
    if value is None:
        return None
    if name == "created_at":
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise DirectoryError("created_at: not a time with its zone; write 2026-01-31T12:00:00Z")
        return _since_epoch(value)
    if name == "verification" and value not in VERIFICATIONS:
        raise DirectoryError(f"verification: {value!r} is not one of {', '.join(VERIFICATIONS)}")
    return _check_text(name, value)


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise DirectoryError(f"{name}: {value!r} is not text")
    if len(value) > MAX_CHARACTERS:
        raise DirectoryError(f"{name}: longer than {MAX_CHARACTERS} characters; shorten it")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise DirectoryError(f"{name}: {value!r} holds control characters or half characters; leave them out")
    return value


def _imported(row: dict[str, Any], now: float) -> dict[str, object]:
    values = {name: row[name] for name in _SETTABLE}
    checked = _checked(row["account"], values)
    if checked["created_at"] is None:
        checked["created_at"] = microseconds(now)
    return checked


def _upsert(change: Change) -> Insert:
    insert = postgresql.insert if change.connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(accounts)
    replaced = {name: statement.excluded[name] for name in (*sorted(_SETTABLE), "changed")}
    return statement.on_conflict_do_update(index_elements=[accounts.c.account], set_=replaced)


def _shown(row: Row[Any]) -> Account:
    # SQLAlchemy's own column names are a kind of text that JSON writers refuse.
    values = dict(zip(_NAMES, row, strict=True))
    at = values["created_at"]
    return {**values, "created_at": None if at is None else _EPOCH + timedelta(microseconds=at)}


def _since_epoch(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
