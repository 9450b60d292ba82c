"""The directory's tables. Points in time are whole microseconds since 1970-01-01 UTC, as ``records.TIMESTAMP``.

Every change takes the next number of ``state.changes`` and stamps it on the rows it touches, so that a reader asks for
what changed since the number it has seen. The row of ``state`` is locked until the change is committed: numbers are
committed in their order, and whoever reads number n has everything up to n.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.dialects import postgresql

from stillwatch.records import ACCOUNTS, TIMESTAMP

SCHEMA_VERSION = 1
"""Raised with every change of a table below; a directory of another version is refused."""
MICROSECONDS = 1_000_000

NAME = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text in the order of its code points, as SQLite has it: pages and exports are the same on both."""

metadata = MetaData()

state = Table(
    "stillwatch_state",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    Column("identity", String(32), nullable=False),
    Column("changes", BigInteger, nullable=False),
)
"""One row. ``identity`` is drawn when the directory is made: a restored or replaced directory is told by it."""


accounts = Table(
    "stillwatch_accounts",
    metadata,
    *(
        Column(c.name, BigInteger() if c.type == TIMESTAMP else NAME, primary_key=c.required, nullable=not c.required)
        for c in ACCOUNTS.columns
    ),
    Column("changed", BigInteger, nullable=False, index=True),
)
"""The columns of ``records.ACCOUNTS``: an export is an accounts table of ``scan``."""

keys = Table(
    "stillwatch_keys",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("account", NAME, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("successor", Text),
    Column("changed", BigInteger, nullable=False, index=True),
)
"""A revoked key keeps its row, without salt and hash: who held it stays known, and nothing can be tested against it."""

appeals = Table(
    "stillwatch_appeals",
    metadata,
    Column("appeal", Integer, primary_key=True, autoincrement=True),
    Column("account", NAME, nullable=False, index=True),
    Column("granted_at", BigInteger, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("revoked_reason", Text),
    Column("changed", BigInteger, nullable=False, index=True),
)
"""Granted appeals. A row is never removed; the account need not be one of ours (LiteLLM's, say)."""

Index(
    "stillwatch_one_open_appeal",
    appeals.c.account,
    unique=True,
    sqlite_where=appeals.c.revoked_at.is_(None),
    postgresql_where=appeals.c.revoked_at.is_(None),
)
"""Two people who grant the same appeal at once grant it once."""


def microseconds(seconds: float) -> int:
    """Turn seconds since 1970 into what the tables hold."""
    return round(seconds * MICROSECONDS)


def seconds(microseconds: int | None) -> float | None:
    """Turn what the tables hold into seconds since 1970."""
    return None if microseconds is None else microseconds / MICROSECONDS
