"""The tables of sharing, in one database: what was shared, what was received, and the TAXII server's collections.

Points in time are whole microseconds since 1970-01-01 UTC; a STIX version is the text of ``modified`` as it came.
"""

from __future__ import annotations

import secrets

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, select

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


server = Table(
    "sharing_server",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
)
"""One row: the key that signs where a next page begins. All processes over one database share it."""

collections = Table(
    "sharing_collections",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("title", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
)

callers = Table(
    "sharing_callers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", String(64), unique=True),
    Column("certificate", String(64), unique=True),
    Column("identity", String(120), nullable=False),
)
"""Who may ask: SHA-256 of a random token, or of a client certificate (DER), in hexadecimal. With an ``identity`` (an
id) a caller may write as that one only: nobody else can revoke or dispute in its name."""

rights = Table(
    "sharing_rights",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("collection", String(36), primary_key=True),
    Column("can_read", Boolean, nullable=False),
    Column("can_write", Boolean, nullable=False),
)

objects = Table(
    "sharing_objects",
    metadata,
    Column("added", BigInteger, primary_key=True, autoincrement=False),
    Column("collection", String(36), nullable=False),
    Column("object", String(120), nullable=False),
    Column("type", String(80), nullable=False),
    Column("version", String(40), nullable=False),
    Column("version_at", BigInteger, nullable=False),
    Column("spec_version", String(8), nullable=False),
    Column("is_first", Boolean, nullable=False),
    Column("is_last", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("sharing_objects_version", "collection", "object", "version_at", unique=True),
    Index("sharing_objects_last", "collection", "is_last", "added"),
    Index("sharing_objects_added", "collection", "added"),
    Index("sharing_objects_type", "collection", "type", "added"),
)
"""One row a version. ``added`` is its ``date_added``: no two are equal, whatever the collection."""

jobs = Table(
    "sharing_jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("collection", String(36), nullable=False),
    Column("caller", Text, nullable=False),
    Column("requested", BigInteger, nullable=False, index=True),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
)
"""Objects that were sent: ``done`` of them, in their order, are in the collection or refused."""

outcomes = Table(
    "sharing_outcomes",
    metadata,
    Column("job", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("object", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("problem", Text, nullable=False),
)
"""What became of each object of a job; an empty ``problem`` is success."""


sources = Table(
    "sharing_sources",
    metadata,
    Column("url", Text, primary_key=True),
    Column("added_after", String(40), nullable=False),
    Column("pulled", BigInteger, nullable=False),
)
"""Others' collections, and up to which of their ``date_added`` we have them. Empty: from the beginning."""

received = Table(
    "sharing_received",
    metadata,
    Column("source", Text, primary_key=True),
    Column("sender", String(120), primary_key=True),
    Column("object", String(120), primary_key=True),
    Column("type", String(80), nullable=False, index=True),
    Column("version_at", BigInteger, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("kind", String(40), nullable=False, index=True),
    Column("value", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""The latest version of everything others said, by who says it: two hosts that say one thing are two rows."""


overlaps = Table(
    "sharing_overlaps",
    metadata,
    Column("agreement", String(64), primary_key=True),
    Column("asker", Text, primary_key=True),
    Column("period", Integer, primary_key=True),
    Column("runs", Integer, nullable=False),
    Column("elements", BigInteger, nullable=False),
    Column("asked", String(64), nullable=False),
    Column("found", Integer, nullable=False),
    Column("consent", Boolean, nullable=False),
)
"""Private overlaps in a period of an agreement, by which side asks: how often and about how many elements, a digest of
what was asked last, how much was found (-1: nothing yet), and whether we consent to show or see contents."""


def open_sharing(url: str, *, option: str = "--store") -> Database:
    """Open the database of sharing, its tables made at first use. Raises SettingsError and StoreError."""
    database = open_database(url, option=option)
    with database.write() as connection:
        metadata.create_all(connection)
        found = connection.execute(select(state.c.schema_version)).scalar_one_or_none()
        if found is None:
            connection.execute(state.insert().values(one=1, schema_version=SCHEMA_VERSION, last_added=0))
            connection.execute(server.insert().values(one=1, secret=secrets.token_bytes(32)))
    if found not in {None, SCHEMA_VERSION}:
        database.close()
        raise StoreError(
            f"{database.place}: has schema {found}, this Stillwatch knows {SCHEMA_VERSION}; "
            "use the Stillwatch that made it, or name another database"
        )
    return database
