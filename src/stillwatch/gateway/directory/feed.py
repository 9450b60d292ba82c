"""What a gateway's copy reads of the directory: everything once, then what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, or_, select, union_all

from stillwatch.gateway.directory.database import Database
from stillwatch.gateway.directory.tables import accounts, appeals, keys, microseconds, seconds

BATCH_ROWS = 10_000
FORGET_SECONDS = 86_400.0
"""Keys expired for a day are not loaded: a machine's clock set back by less still finds them."""

KeyRow = Row[Any]
"""id, salt, hash, expires_at, revoked_at, account, organization, plan, verification, created_at; account is null where
the account was removed."""


def read_keys(database: Database, *, now: float) -> Iterator[Sequence[KeyRow]]:
    """Yield every key that is neither revoked nor long expired, in batches, in no order."""
    unexpired = or_(keys.c.expires_at.is_(None), keys.c.expires_at > microseconds(now - FORGET_SECONDS))
    query = _keys().where(keys.c.revoked_at.is_(None), accounts.c.account.is_not(None), unexpired)
    with database.read() as connection:
        yield from connection.execution_options(yield_per=BATCH_ROWS).execute(query).partitions()


def read_changed_keys(database: Database, *, since: int, most: int) -> Sequence[KeyRow]:
    """Return the keys that changed, or whose account did, after change ``since``; more than ``most`` are cut off."""
    query = union_all(_keys().where(keys.c.changed > since), _keys().where(accounts.c.changed > since)).limit(most)
    with database.read() as connection:
        return connection.execute(query).all()


def read_open_appeals(database: Database) -> dict[str, float]:
    """Return the accounts with a grant that was not taken back, and when it ends (infinity: until then)."""
    query = select(appeals.c.account, appeals.c.expires_at).where(appeals.c.revoked_at.is_(None))
    with database.read() as connection:
        return {row.account: _ends_at(row.expires_at) for row in connection.execute(query)}


def _ends_at(stored: int | None) -> float:
    at = seconds(stored)
    return float("inf") if at is None else at


def _keys() -> Select[Any]:
    of_key = [keys.c[name] for name in ("id", "salt", "hash", "expires_at", "revoked_at")]
    names = ("account", "organization", "plan", "verification", "created_at")
    joined = keys.outerjoin(accounts, accounts.c.account == keys.c.account)
    return select(*of_key, *(accounts.c[name] for name in names)).select_from(joined)
