"""Who may ask for what: collections, callers, tokens, client certificates, rights."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, delete, select

from stillwatch.errors import SharingError
from stillwatch.sharing.tables import callers, collections, rights, server
from stillwatch.store.sql import Database

TOKEN_BYTES = 32
PREFIX = "swshare-"
"""Tells a token of ours from a gateway's or an administrator's, wherever one turns up."""


@dataclass(frozen=True)
class Right:
    """What a caller may do with a collection."""

    collection: str
    title: str
    description: str
    can_read: bool
    can_write: bool


class Callers:
    """Collections and callers of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def secret(self) -> bytes:
        """The key that signs where a next page begins."""
        with self._database.read() as connection:
            return bytes(connection.execute(select(server.c.secret)).scalar_one())

    def add_collection(self, title: str, description: str = "") -> str:
        """Add a collection and return its id; one of that title keeps its own."""
        with self._database.write() as connection:
            found = connection.execute(
                select(collections.c.id).where(collections.c.title == title)
            ).scalar_one_or_none()
            if found is None:
                found = str(uuid4())
                connection.execute(collections.insert().values(id=found, title=title, description=description))
        return str(found)

    def add_caller(
        self,
        name: str,
        *,
        read: Sequence[str],
        write: Sequence[str],
        certificate: bytes | None = None,
        identity: str = "",
    ) -> str:
        """Add or replace a caller with rights on collections (ids or titles); return a token, empty with a certificate.

        The token is shown this once; the database keeps its hash. Raises SharingError for an unknown collection.
        """
        token = "" if certificate else PREFIX + secrets.token_hex(TOKEN_BYTES)
        with self._database.write() as connection:
            granted: dict[str, list[bool]] = {}
            for place, names in ((0, read), (1, write)):
                for given in names:
                    granted.setdefault(self._find(connection, given), [False, False])[place] = True
            _remove(connection, name)
            values = {
                "name": name,
                "token": _hash(token.encode()) if token else None,
                "certificate": _hash(certificate) if certificate else None,
                "identity": identity,
            }
            connection.execute(callers.insert().values(values))
            for collection, (can_read, can_write) in granted.items():
                row = {"caller": name, "collection": collection, "can_read": can_read, "can_write": can_write}
                connection.execute(rights.insert().values(row))
        return token

    def remove_caller(self, name: str) -> None:
        """Take a caller's rights and token. Raises SharingError if there is none of that name."""
        with self._database.write() as connection:
            if not _remove(connection, name):
                raise SharingError(f"no caller is called {name!r}; see: stillwatch share callers")

    def find_caller(self, *, token: bytes | None, certificate: bytes | None) -> str | None:
        """Return whose token or certificate (DER) this is; None if nobody's."""
        if token:
            mine = callers.c.token == _hash(token)
        elif certificate:
            mine = callers.c.certificate == _hash(certificate)
        else:
            return None
        with self._database.read() as connection:
            found = connection.execute(select(callers.c.name).where(mine)).scalar_one_or_none()
        return None if found is None else str(found)

    def identity(self, caller: str) -> str:
        """Return as which identity a caller must write; empty if as any."""
        with self._database.read() as connection:
            mine = select(callers.c.identity).where(callers.c.name == caller)
            return str(connection.execute(mine).scalar_one_or_none() or "")

    def rights(self, caller: str) -> dict[str, Right]:
        """Return what a caller may do, by collection id, in the order of ids."""
        mine = (
            select(
                collections.c.id, collections.c.title, collections.c.description, rights.c.can_read, rights.c.can_write
            )
            .join(rights, rights.c.collection == collections.c.id)
            .where(rights.c.caller == caller)
            .order_by(collections.c.id)
        )
        with self._database.read() as connection:
            return {row[0]: Right(*row) for row in connection.execute(mine)}

    def names(self) -> list[tuple[str, str]]:
        """Return name and kind of credential of every caller."""
        with self._database.read() as connection:
            rows = connection.execute(select(callers.c.name, callers.c.token).order_by(callers.c.name)).all()
        return [(name, "token" if token else "certificate") for name, token in rows]

    def collections(self) -> list[tuple[str, str]]:
        """Return id and title of every collection."""
        with self._database.read() as connection:
            rows = connection.execute(select(collections.c.id, collections.c.title).order_by(collections.c.title)).all()
        return [(row[0], row[1]) for row in rows]

    def find_collection(self, given: str) -> str:
        """Return the id of a collection named by id or title. Raises SharingError."""
        with self._database.read() as connection:
            return self._find(connection, given)

    def _find(self, connection: Connection, given: str) -> str:
        mine = (collections.c.id == given) | (collections.c.title == given)
        found = connection.execute(select(collections.c.id).where(mine)).scalars().first()
        if found is None:
            raise SharingError(f"no collection is called {given!r}; add it: stillwatch share collection {given!r}")
        return str(found)


def _remove(connection: Connection, name: str) -> bool:
    connection.execute(delete(rights).where(rights.c.caller == name))
    return bool(connection.execute(delete(callers).where(callers.c.name == name)).rowcount)


def _hash(secret: bytes) -> str:
    """Hash a credential: 32 random bytes need no salt and no slow hash."""
    return sha256(secret).hexdigest()
