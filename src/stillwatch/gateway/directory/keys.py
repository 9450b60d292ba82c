"""Keys: issued, rotated, revoked, expired. A secret is returned once, by ``issue`` or ``rotate``, and never again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, select, update

from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.credential import (
    PREFIX,
    Credential,
    hash_secret,
    make_credential,
    make_salt,
    parse_key_id,
)
from stillwatch.gateway.directory.database import Change, Database
from stillwatch.gateway.directory.tables import MICROSECONDS, accounts, keys, microseconds, seconds

GRACE_SECONDS = 86_400.0
"""How long a rotated key goes on unless said otherwise: one daily deployment of whoever uses it."""
MAX_LABEL_CHARACTERS = 80

KeyState = Literal["valid", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key as everybody with admin rights may see it. Times are seconds since 1970-01-01 UTC."""

    key: str
    """``sw-`` and the public id."""
    account: str
    label: str
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    successor: str | None
    """The key it was rotated into."""

    def state(self, now: float) -> KeyState:
        """Say whether it opens anything at that time."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


class Keys:
    """The keys of a directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(
        self, account: str, *, by: str, now: float, label: str = "", expires_at: float | None = None
    ) -> Credential:
        """Issue a key and return it with its secret. Raises NotInDirectoryError for an account that is not there."""
        if len(label) > MAX_LABEL_CHARACTERS or not label.isprintable():
            raise DirectoryError(f"label: write at most {MAX_LABEL_CHARACTERS} printable characters")
        if expires_at is not None and expires_at <= now:
            raise DirectoryError("the key would expire before it is issued; choose a later time")
        with self._database.change() as change:
            made = _insert(change, account, label=label, now=now, expires_at=expires_at)
            change.note("key_issued", key=PREFIX + made.id, account=account, by=by, at=now, expires_at=expires_at)
        return made

    def rotate(
        self, key: str, *, by: str, now: float, grace_seconds: float = GRACE_SECONDS, expires_at: float | None = None
    ) -> Credential:
        """Issue a successor and let the old key expire after the grace period.

        Without ``expires_at`` the successor lives as long as the old one was meant to. Raises NotInDirectoryError, and
        DirectoryError for a key that is revoked, expired or rotated already.
        """
        if grace_seconds < 0:
            raise DirectoryError(f"grace: {grace_seconds} seconds is less than none")
        with self._database.change() as change:
            old = _find(change, key)
            if old.state(now) != "valid":
                raise DirectoryError(f"{old.key} is {old.state(now)}; issue a new key instead")
            if old.successor is not None:
                raise DirectoryError(f"{old.key} was rotated into {old.successor}; rotate that one")
            if expires_at is None and old.expires_at is not None:
                expires_at = now + (old.expires_at - old.created_at)
            made = _insert(change, old.account, label=old.label, now=now, expires_at=expires_at)
            ends_at = now + grace_seconds if old.expires_at is None else min(now + grace_seconds, old.expires_at)
            change.connection.execute(
                update(keys)
                .where(keys.c.id == old.key.removeprefix(PREFIX))
                .values(expires_at=microseconds(ends_at), successor=made.id, changed=change.number)
            )
            note = {"key": old.key, "successor": PREFIX + made.id, "account": old.account, "expires_at": ends_at}
            change.note("key_rotated", **note, by=by, at=now)
        return made

    def revoke(self, key: str, *, by: str, now: float) -> Key:
        """Revoke a key for good. Revoking it again changes nothing. Raises NotInDirectoryError."""
        with self._database.change() as change:
            old = _find(change, key)
            if old.revoked_at is None:
                _revoke(change, keys.c.id == old.key.removeprefix(PREFIX), now=now)
                change.note("key_revoked", key=old.key, account=old.account, by=by, at=now)
            return _find(change, key)

    def revoke_account(self, account: str, *, by: str, now: float) -> int:
        """Revoke every key of an account; return how many were not revoked before. Unknown names revoke none."""
        with self._database.change() as change:
            revoked = revoke_all(change, account, now=now)
            change.note("account_keys_revoked", account=account, keys=revoked, by=by, at=now)
        return revoked

    def list(self, account: str | None = None, *, after: str = "", most: int = 1000) -> list[Key]:
        """Return keys, of one account or all, in the order of their ids, those after ``sw-…``, at most so many."""
        query = select(*_columns()).where(keys.c.id > after.removeprefix(PREFIX)).order_by(keys.c.id).limit(most)
        if account is not None:
            query = query.where(keys.c.account == account)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query)]


def revoke_all(change: Change, account: str, *, now: float) -> int:
    """Revoke every key of an account, as part of a change; return how many were not revoked before."""
    return _revoke(change, keys.c.account == account, now=now)


def _columns() -> list[Any]:
    return [keys.c[name] for name in ("id", "account", "label", "created_at", "expires_at", "revoked_at", "successor")]


def _insert(change: Change, account: str, *, label: str, now: float, expires_at: float | None) -> Credential:
    if change.connection.execute(select(accounts.c.account).where(accounts.c.account == account)).first() is None:
        raise NotInDirectoryError(f"no account is called {account!r}; add it first: stillwatch accounts add")
    made, salt = make_credential(), make_salt()
    row = {
        "id": made.id,
        "account": account,
        "label": label,
        "salt": salt,
        "hash": hash_secret(salt, made.secret),
        "created_at": microseconds(now),
        "expires_at": None if expires_at is None else microseconds(expires_at),
    }
    change.connection.execute(keys.insert().values(**row, changed=change.number))
    return made


def _find(change: Change, key: str) -> Key:
    key_id = parse_key_id(key)
    if key_id is None:
        # What was given is not repeated: it may be somebody's secret, mistyped.
        raise NotInDirectoryError("that is not a key; write sw- and 12 characters, as in: stillwatch keys list")
    row = change.connection.execute(select(*_columns()).where(keys.c.id == key_id)).first()
    if row is None:
        raise NotInDirectoryError(f"no key is called {PREFIX}{key_id}; see: stillwatch keys list")
    return _key(row)


def _revoke(change: Change, which: Any, *, now: float) -> int:
    done = change.connection.execute(
        update(keys)
        .where(which, keys.c.revoked_at.is_(None))
        .values(revoked_at=microseconds(now), salt=b"", hash=b"", changed=change.number)
    )
    return done.rowcount


def _key(row: Row[Any]) -> Key:
    return Key(
        PREFIX + row.id,
        row.account,
        row.label,
        row.created_at / MICROSECONDS,
        seconds(row.expires_at),
        seconds(row.revoked_at),
        None if row.successor is None else PREFIX + row.successor,
    )
