"""What each path of the admin API does. Handlers are synchronous: the application runs them in threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from stillwatch.errors import DirectoryUnavailableError
from stillwatch.gateway.admin.request import RefusedError, Request
from stillwatch.gateway.directory.accounts import Account
from stillwatch.gateway.directory.appeals import Appeal
from stillwatch.gateway.directory.credential import PREFIX, Credential
from stillwatch.gateway.directory.keys import GRACE_SECONDS, Key
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.times import read_datetime, read_seconds, show_time
from stillwatch.gateway.ports import Standings

log = logging.getLogger(__name__)

Json = dict[str, Any]


class KillSwitch(Protocol):
    """What puts every rule into shadow at once: the policy's live rules are one."""

    @property
    def killed(self) -> bool:
        """Whether every rule is in shadow."""

    def set_kill_switch(self, *, on: bool) -> None:
        """Put every rule into shadow, or back into its own mode. Raises OSError if other workers cannot be told."""


@dataclass(frozen=True)
class Parts:
    """What the admin API administers. Parts that are None answer 404 and say so."""

    directory: Directory
    standings: Standings | None = None
    kill_switch: KillSwitch | None = None
    metrics: Callable[[], tuple[bytes, str]] | None = None
    """Returns the metrics page and its content type."""
    note: Callable[[str, Mapping[str, object]], None] = lambda _kind, _row: None
    """Where the kill switch is noted; the directory notes its own changes."""


def list_accounts(parts: Parts, request: Request) -> Json:
    """List accounts."""
    after, most = request.page()
    return {"accounts": [_account(a) for a in parts.directory.accounts.list(after=after, most=most)]}


def add_account(parts: Parts, request: Request) -> Json:
    """Add an account."""
    values = _values(request)
    return _account(parts.directory.accounts.add(request.text("account"), values, by=request.by, now=request.now))


def get_account(parts: Parts, request: Request) -> Json:
    """Return an account."""
    return _account(parts.directory.accounts.get(request.names[0]))


def set_account(parts: Parts, request: Request) -> Json:
    """Change an account."""
    values = _values(request)
    return _account(parts.directory.accounts.set(request.names[0], values, by=request.by, now=request.now))


def remove_account(parts: Parts, request: Request) -> Json:
    """Remove an account and revoke its keys."""
    request.only()
    parts.directory.accounts.remove(request.names[0], by=request.by, now=request.now)
    return {"removed": request.names[0]}


def list_keys(parts: Parts, request: Request) -> Json:
    """List keys, of one account or all."""
    after, most = request.page()
    account = request.names[0] if request.names else None
    rows = parts.directory.keys.list(account, after=after, most=most)
    return {"keys": [_key(k, request.now) for k in rows]}


def issue_key(parts: Parts, request: Request) -> Json:
    """Issue a key."""
    request.only("label", "expires_at")
    made = parts.directory.keys.issue(
        request.names[0], label=request.text("label", ""), expires_at=request.end(), by=request.by, now=request.now
    )
    return _issued(made)


def revoke_account_keys(parts: Parts, request: Request) -> Json:
    """Revoke every key of an account."""
    request.only()
    account = request.names[0]
    return {"revoked": parts.directory.keys.revoke_account(account, by=request.by, now=request.now)}


def rotate_key(parts: Parts, request: Request) -> Json:
    """Rotate a key."""
    request.only("grace", "expires_at")
    grace = read_seconds(request.text("grace")) if "grace" in request.body else GRACE_SECONDS
    made = parts.directory.keys.rotate(
        request.names[0], grace_seconds=grace, expires_at=request.end(), by=request.by, now=request.now
    )
    return _issued(made)


def revoke_key(parts: Parts, request: Request) -> Json:
    """Revoke a key."""
    request.only()
    return _key(parts.directory.keys.revoke(request.names[0], by=request.by, now=request.now), request.now)


def list_appeals(parts: Parts, request: Request) -> Json:
    """List appeals, of one account or all."""
    _, most = request.page()
    account = request.names[0] if request.names else None
    return {"appeals": [_appeal(a, request.now) for a in parts.directory.appeals.list(account, most=most)]}


def grant_appeal(parts: Parts, request: Request) -> Json:
    """Grant an appeal."""
    request.only("reason", "expires_at")
    granted = parts.directory.appeals.grant(
        request.names[0], reason=request.text("reason"), expires_at=request.end(), by=request.by, now=request.now
    )
    return _appeal(granted, request.now)


def revoke_appeal(parts: Parts, request: Request) -> Json:
    """Take a grant back."""
    request.only("reason")
    parts.directory.appeals.revoke(request.names[0], reason=request.text("reason"), by=request.by, now=request.now)
    return {"revoked": request.names[0]}


def get_standing(parts: Parts, request: Request) -> Json:
    """Say how an account stands, and why."""
    account = request.names[0]
    if parts.standings is None:
        raise RefusedError(404, "this gateway reads no standing; name its folder in the settings: standing = …")
    standing = parts.standings.of(account)
    grants = parts.directory.appeals.list(account, most=10)
    shown = {f.name: getattr(standing, f.name) for f in fields(standing)}
    shown |= {"bits": {f.value: b for f, b in standing.bits.items()}, "since": show_time(standing.since)}
    return {"account": account, "standing": shown, "appeals": [_appeal(a, request.now) for a in grants]}


def get_kill_switch(parts: Parts, request: Request) -> Json:  # noqa: ARG001  one signature for all
    """Say whether every rule is in shadow."""
    return {"on": _kill_switch(parts).killed}


def set_kill_switch(parts: Parts, request: Request) -> Json:
    """Put every rule into shadow, or back."""
    request.only("on", "reason")
    on = request.body.get("on")
    if not isinstance(on, bool):
        raise RefusedError(400, 'on: missing or not true or false; send {"on": true, "reason": "…"}')
    switch, reason = _kill_switch(parts), request.text("reason")
    try:
        parts.note("kill_switch", {"on": on, "reason": reason, "by": request.by, "at": request.now})
    except DirectoryUnavailableError as problem:
        # A brake that needs room on a disk is no brake.
        log.error("kill switch %s by %s (%s) is not noted: %s", on, request.by, reason, problem)  # noqa: TRY400
    try:
        switch.set_kill_switch(on=on)
    except OSError as problem:
        raise RefusedError(503, f"thrown in this process; other workers were not told: {problem}") from problem
    return {"on": switch.killed}


def _kill_switch(parts: Parts) -> KillSwitch:
    if parts.kill_switch is None:
        raise RefusedError(404, "this gateway has no rules, so there is nothing to switch off; name them: rules = …")
    return parts.kill_switch


def _values(request: Request) -> dict[str, object]:
    values = {name: value for name, value in request.body.items() if name != "account"}
    if isinstance(values.get("created_at"), str):
        values["created_at"] = read_datetime(values["created_at"])
    return values


def _account(account: Account) -> Json:
    at: datetime | None = account["created_at"]
    return account | {"created_at": None if at is None else at.isoformat().replace("+00:00", "Z")}


def _issued(made: Credential) -> Json:
    return {"key": PREFIX + made.id, "credential": made.text, "note": "shown once: hand it over now"}


def _key(key: Key, now: float) -> Json:
    times = {name: show_time(getattr(key, name)) for name in ("created_at", "expires_at", "revoked_at")}
    return asdict(key) | times | {"state": key.state(now)}


def _appeal(appeal: Appeal, now: float) -> Json:
    times = {name: show_time(getattr(appeal, name)) for name in ("granted_at", "expires_at", "revoked_at")}
    return asdict(appeal) | times | {"in_force": appeal.is_in_force(now)}
