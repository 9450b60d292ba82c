"""The tables of sharing, in one database: what was shared, what was received, and the TAXII server's collections.

Points in time are whole microseconds since 1970-01-01 UTC; a STIX version is the text of ``modified`` as it came.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, Text, select

from stillwatch.errors import StoreError
from stillwatch.store.sql import Database, open_database

SCHEMA_VERSION = 1
"""Raised with every change of a table below; a database of another version is refused."""
SHARING_URL = "sqlite:///.stillwatch/sharing.db"
"""Where all this lives unless said otherwise."""

metadata = MetaData()

state = Table(
    "sharing_state",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    Column("last_added", BigInteger, nullable=False),
)
"""One row. ``last_added`` is the latest ``date_added``; who adds objects holds the row until they are committed."""

shared = Table(
    "sharing_shared",
    metadata,
    Column("object", String(120), primary_key=True),
    Column("content", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("revoked", Boolean, nullable=False),
)
"""The latest version of every object that left; ``content`` is a digest of what it says, times aside."""

shared_for = Table(
    "sharing_shared_for",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("object", String(120), primary_key=True, index=True),
    Column("withdrawn", Boolean, nullable=False),
)
"""For which campaigns an object left: an indicator of two outlives the withdrawal of one."""


def open_sharing(url: str, *, option: str = "--store") -> Database:
    """Open the database of sharing, its tables made at first use. Raises SettingsError and StoreError."""
    database = open_database(url, option=option)
    with database.write() as connection:
        metadata.create_all(connection)
        found = connection.execute(select(state.c.schema_version)).scalar_one_or_none()
        if found is None:
            connection.execute(state.insert().values(one=1, schema_version=SCHEMA_VERSION, last_added=0))
    if found not in {None, SCHEMA_VERSION}:
        database.close()
        raise StoreError(
            f"{database.place}: has schema {found}, this Stillwatch knows {SCHEMA_VERSION}; "
            "use the Stillwatch that made it, or name another database"
        )
    return database
