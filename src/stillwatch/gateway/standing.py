"""How accounts stand: the snapshot that ``watch`` writes, swapped as a whole, with granted appeals over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from stillwatch.errors import ReportError
from stillwatch.gateway.nouns import UNKNOWN, Standing
from stillwatch.gateway.watched_file import Poller, WatchedFile
from stillwatch.records import Family

VERSION = 1
"""Of the snapshot's format. A snapshot of another version is not read: it would be misread."""
JOINS_AT_ONCE = 256
"""Accounts told to the limiter before other calls get their turn."""
APPEALED = Standing(appeal_granted=True)


@dataclass(frozen=True)
class Snapshot:
    """What the last scan said. ``made_at`` is seconds since 1970; only accounts in a campaign are in it."""

    made_at: float = 0.0
    accounts: Mapping[str, Standing] = field(default_factory=dict)


class LiveStandings:
    """The ``Standings`` of ports.py.

    Accounts of which ``is_appeal_granted`` (the keyring's) says yes are in no campaign from the very next call on,
    whatever the scan says. ``on_join`` is told account and campaign for everyone who is newly in one (the limiter's
    ``join_campaign``), also because an appeal ended. A snapshot that is corrupt, of another version or older than the
    one in use is not used; health and log say so.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_appeal_granted: Callable[[str], bool] = lambda _account: False,
        on_join: Callable[[str, str], None] | None = None,
    ) -> None:
        self._is_granted, self._on_join = is_appeal_granted, on_join
        self._file = WatchedFile(path, self._read, Snapshot())
        self._told: dict[str, str] = {}
        self._told_of: Mapping[str, Standing] = {}
        self._appealed: set[str] = set()
        self._file.refresh()
        poller = Poller(self.refresh)
        self.start, self.stop = poller.start, poller.stop
        """Look for changes twice a second, in the running loop, and end that."""

    def of(self, account: str) -> Standing:
        """Return the account's standing; ``nouns.UNKNOWN`` if no scan listed it."""
        standing = self._file.value.accounts.get(account)
        if standing is None:
            return UNKNOWN
        return APPEALED if self._is_granted(account) else standing

    def health(self) -> Mapping[str, object]:
        """Return when the snapshot in use was made, how many accounts are in it, and what is wrong."""
        snapshot = self._file.value
        status = self._file.problem or "ok"
        return {"status": status, "made_at": snapshot.made_at, "accounts": len(snapshot.accounts)}

    async def refresh(self) -> None:
        """Look at the snapshot once; tell who joined a campaign since the last look."""
        await self._file.refresh_aside()
        if self._on_join is None:
            return
        accounts = self._file.value.accounts
        asked: Iterable[str] = [a for a in self._appealed if not self._is_granted(a)]
        if accounts is not self._told_of:
            self._told_of, asked = accounts, accounts
            self._told = {a: c for a, c in self._told.items() if a in accounts}
            self._appealed.clear()
        for number, account in enumerate(asked, 1):
            self._tell(account, accounts.get(account, UNKNOWN).campaign, self._on_join)
            if number % JOINS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _tell(self, account: str, campaign: str | None, on_join: Callable[[str, str], None]) -> None:
        if self._is_granted(account):
            self._appealed.add(account)
            self._told.pop(account, None)
            return
        self._appealed.discard(account)
        if campaign is not None and self._told.get(account) != campaign:
            self._told[account] = campaign
            on_join(account, campaign)

    def _read(self, path: Path) -> Snapshot:
        read = read_snapshot(path)
        if read.made_at < self._file.value.made_at:
            raise ReportError(f"{path}: older than the snapshot in use; is a second scan writing there?")
        return read


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot. Raises ReportError for one that is corrupt, of another version, or in part not what it says."""
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as problem:
        raise ReportError(f"{path}: cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise ReportError(f"{path}: not JSON: {problem}; scan again") from problem
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ReportError(f"{path}: not a snapshot of version {VERSION}; run the scan and the gateway of one release")
    try:
        accounts = {str(name): _standing(entry) for name, entry in document["accounts"].items()}
        return Snapshot(float(document["made_at"]), accounts)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise ReportError(f"{path}: not a snapshot: {type(problem).__name__}: {problem}; scan again") from problem


def _standing(entry: Mapping[str, object]) -> Standing:
    campaign, bits = entry["campaign"], entry["bits"]
    if not isinstance(campaign, str) or not isinstance(bits, dict):
        raise TypeError("campaign is not text, or bits is not a table")
    return Standing(
        campaign,
        _number(entry["strength_bits"]),
        {Family(family): _number(value) for family, value in bits.items()},
        _number(entry["match_weight"]),
        _number(entry["share"]),
        _number(entry["since"]),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
