"""Granted appeals: an account's standing does not count against it, whatever later scans say, until this is revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.accounts import check_account_name
from stillwatch.gateway.directory.database import Change, Database
from stillwatch.gateway.directory.tables import MICROSECONDS, appeals, microseconds, seconds

MAX_REASON_CHARACTERS = 2000
"""A paragraph: the reason is read by whoever comes next, and shown in tables."""
REPLACED = "replaced by a later grant"


@dataclass(frozen=True, slots=True)
class Appeal:
    """One grant. Times are seconds since 1970-01-01 UTC; without ``expires_at`` it holds until revoked."""

    account: str
    granted_at: float
    granted_by: str
    reason: str
    expires_at: float | None
    revoked_at: float | None
    revoked_by: str | None
    revoked_reason: str | None

    def is_in_force(self, now: float) -> bool:
        """Answer whether it overrides standing at that time."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Appeals:
    """The appeals of a directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, account: str, *, reason: str, by: str, now: float, expires_at: float | None = None) -> Appeal:
        """Grant an appeal; an earlier grant of the account is closed as replaced.

        The account need not be in the directory: other gateways' accounts have standing too. Raises DirectoryError
        without a reason, or for an end that has passed.
        """
        check_account_name(account)
        _check_reason(reason)
        if expires_at is not None and expires_at <= now:
            raise DirectoryError("the grant would end before it begins; choose a later time")
        with self._database.change() as change:
            _close(change, account, by=by, reason=REPLACED, now=now)
            row = {
                "account": account,
                "granted_at": microseconds(now),
                "granted_by": by,
                "reason": reason,
                "expires_at": None if expires_at is None else microseconds(expires_at),
                "changed": change.number,
            }
            change.connection.execute(appeals.insert().values(row))
            change.note("appeal_granted", account=account, reason=reason, by=by, at=now, expires_at=expires_at)
        return Appeal(account, now, by, reason, expires_at, None, None, None)

    def revoke(self, account: str, *, reason: str, by: str, now: float) -> None:
        """Take a grant back: standing counts again. Raises NotInDirectoryError if none is open."""
        _check_reason(reason)
        with self._database.change() as change:
            if not _close(change, account, by=by, reason=reason, now=now):
                raise NotInDirectoryError(f"no appeal of {account!r} is granted; see: stillwatch appeal list")
            change.note("appeal_revoked", account=account, reason=reason, by=by, at=now)

    def list(self, account: str | None = None, *, most: int = 1000) -> list[Appeal]:
        """Return grants, of one account or all, the latest first, those taken back or ended too."""
        query = select(appeals).order_by(appeals.c.appeal.desc()).limit(most)
        if account is not None:
            query = query.where(appeals.c.account == account)
        with self._database.read() as connection:
            return [_appeal(row) for row in connection.execute(query)]


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > MAX_REASON_CHARACTERS or "\0" in reason:
        raise DirectoryError(f"reason: say why, in at most {MAX_REASON_CHARACTERS} characters; it is kept and logged")


def _close(change: Change, account: str, *, by: str, reason: str, now: float) -> bool:
    done = change.connection.execute(
        update(appeals)
        .where(appeals.c.account == account, appeals.c.revoked_at.is_(None))
        .values(revoked_at=microseconds(now), revoked_by=by, revoked_reason=reason, changed=change.number)
    )
    return done.rowcount > 0


def _appeal(row: Row[Any]) -> Appeal:
    at = row.granted_at / MICROSECONDS
    ends, revoked = seconds(row.expires_at), seconds(row.revoked_at)
    return Appeal(row.account, at, row.granted_by, row.reason, ends, revoked, row.revoked_by, row.revoked_reason)
