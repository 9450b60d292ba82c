"""``stillwatch watch``: every minute, seal what is closed, scan it if anything is new, and say who stands how."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch import __version__
from stillwatch.app import scan
from stillwatch.errors import ReportError, SettingsError, StillwatchError
from stillwatch.gateway.directory.export import export_accounts
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.settings import DATA, Journal
from stillwatch.gateway.snapshot import EMPTY, FILE, Json, next_snapshot, read_latest, read_listed, write_snapshot
from stillwatch.ingest.sealed import key_id
from stillwatch.partners import read_partners
from stillwatch.settings import EvidenceSettings, ScanSettings
from stillwatch.store.key import read_or_create_key
from stillwatch.watch.evidence import EvidenceFeed, close_feed
from stillwatch.watch.keeping import merge_segments, read_sealed, remove_expired
from stillwatch.watch.sealing import seal

MICROSECONDS = 1_000_000
log = logging.getLogger("stillwatch.watch")


@dataclass(frozen=True)
class WatchSettings:
    """What to watch, how often, and where to say it."""

    journal: Journal = field(default_factory=Journal)
    standing: Path = DATA / "standing"
    report: Path = DATA / "report"
    accounts: Path | None = None
    """The accounts table, as ``scan`` takes it."""
    directory_url: str | None = None
    """The gateway's directory; each round exports its accounts to ``exported`` and reads them from there."""
    days: int = 7
    """Calls of so many days before the newest one are scanned: it bounds the time that a scan takes."""
    every_seconds: float = 60.0
    scan: ScanSettings = field(default_factory=ScanSettings)
    evidence: EvidenceSettings | None = None
    """The evidence log, to which each round appends what arrived; None: there is none."""
    admin_log: Path | None = None
    """What administrators changed: goes into the evidence log too."""

    @property
    def exported(self) -> Path:
        """Return where a round leaves the directory's accounts: beside the journal."""
        return self.journal.folder.parent / "accounts.parquet"

    def __post_init__(self) -> None:
        if self.days < 1:
            raise SettingsError(f"days: {self.days} is less than 1: there would be nothing to scan")
        if self.every_seconds <= 0:
            raise SettingsError(f"every: {self.every_seconds} seconds is not a time to wait")


@dataclass(frozen=True)
class Round:
    """What one round did. ``scanned`` false: nothing new had arrived."""

    sealed: int
    scanned: bool
    campaigns: int = 0
    accounts: int = 0
    logged: int = 0
    """New entries of the evidence log."""


class SteadyClock:
    """The wall clock, but no further ahead than time went by since the start: a clock set wrong expires nothing."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._ahead = wall() - monotonic()

    def __call__(self) -> float:
        """Return seconds since 1970 UTC."""
        return min(self._wall(), self._monotonic() + self._ahead)


def watch(
    settings: WatchSettings,
    *,
    wait: Callable[[float], bool],
    clock: Callable[[], float] | None = None,
    tell: Callable[[Round], None] = lambda _round: None,
) -> None:
    """Do one round after another until ``wait`` (told seconds) says that this is all.

    A round that fails is logged, and the next one tries again. Raises JournalError if another process watches this
    journal.
    """
    now = clock or SteadyClock()
    Layout(settings.journal.folder).create()
    with alive.only_one(settings.journal.folder / "watch.lock", doing="watching"):
        while True:
            began = time.monotonic()
            try:
                tell(take_round(settings, now=now()))
            except Exception:
                log.exception("watch: this round failed; the next one tries again")
            if wait(max(0.0, settings.every_seconds - (time.monotonic() - began))):
                return


def take_round(settings: WatchSettings, *, now: float) -> Round:
    """Seal, remove what is expired, scan if anything is new, swap the snapshot, and append to the evidence log.

    An evidence log that cannot be written is logged, and what it lacks waits; a scan that fails keeps nothing out of
    it. Raises StillwatchError.
    """
    if settings.directory_url is not None:
        settings = replace(settings, accounts=_export(settings), directory_url=None)
    layout = Layout(settings.journal.folder)
    feed = _feed(settings, layout)
    sealed = seal(settings.journal)
    try:
        done = _scan_round(settings, layout, sealed.calls, now=now)
    finally:
        logged = _append(feed, now=now)
    return replace(done, logged=logged)


def _feed(settings: WatchSettings, layout: Layout) -> EvidenceFeed | None:
    if settings.evidence is None:
        close_feed(layout)
        return None
    feed = EvidenceFeed(settings.evidence, layout, settings.admin_log, settings.report)
    feed.open()
    return feed


def _append(feed: EvidenceFeed | None, *, now: float) -> int:
    if feed is None:
        return 0
    try:
        return feed.append(clock=lambda: now)
    except (StillwatchError, OSError) as problem:
        log.error("watch: the evidence log: %s; the next round tries again", problem)  # noqa: TRY400 - the same
        return 0


def _scan_round(settings: WatchSettings, layout: Layout, sealed: int, *, now: float) -> Round:
    at = datetime.fromtimestamp(now, UTC)
    remove_expired(layout, keep_days=settings.journal.keep_days, now=at)
    merge_segments(layout)
    paths = _recent(layout, settings, now=now)
    before = _latest(settings.standing)
    inputs = _digest(paths, settings, now=now)
    if not paths or (before.get("inputs") == inputs and (settings.report / "scan.json").exists()):
        return Round(sealed, scanned=False)
    made = replace(settings.scan, key_file=settings.journal.key_file)
    scan(paths, out=settings.report, settings=made, accounts=settings.accounts, now=at)
    keep_seconds = timedelta(days=settings.journal.keep_days).total_seconds()
    listed = read_listed(settings.report)
    snapshot = next_snapshot(before, listed, report=settings.report, now=now, keep_seconds=keep_seconds)
    write_snapshot(settings.standing, {**snapshot, "inputs": inputs})
    return Round(sealed, scanned=True, campaigns=len(snapshot["campaigns"]), accounts=len(snapshot["accounts"]))


def _export(settings: WatchSettings) -> Path:
    """Bring the exported accounts up to date, touching the file only if they changed; return it."""
    draft = settings.exported.with_name(f".new-{settings.exported.name}")
    with Directory(settings.directory_url or "") as directory:
        export_accounts(directory, draft)
    if settings.exported.exists() and settings.exported.read_bytes() == draft.read_bytes():
        draft.unlink()
    else:
        draft.replace(settings.exported)
    return settings.exported


def _recent(layout: Layout, settings: WatchSettings, *, now: float) -> list[Path]:
    """Return the segments of our key with calls of the last days before the newest call, none of them empty."""
    mine = key_id(read_or_create_key(settings.journal.key_file))
    some = [k for k in read_sealed(layout) if k.info.calls]
    kept = [k for k in some if k.info.key == mine]
    if len(kept) < len(some):
        log.warning("watch: %d segments of another key are left out; nothing in them matches", len(some) - len(kept))
    newest = min(max((k.info.last for k in kept), default=0), int(now * MICROSECONDS))
    oldest = newest - int(timedelta(days=settings.days).total_seconds()) * MICROSECONDS
    return [k.path for k in kept if k.info.last >= oldest]


def _latest(folder: Path) -> Json:
    try:
        return read_latest(folder)
    except ReportError as problem:
        log.error("watch: %s; going on without it", problem)  # noqa: TRY400 - what to do is in the message
        (folder / FILE).replace(folder / f"{FILE}.unreadable")
        return EMPTY


def _digest(paths: list[Path], settings: WatchSettings, *, now: float) -> str:
    """Name what a scan reads: if nothing of it changed, the scan would find the same."""
    digest = hashlib.sha256(repr((__version__, settings.scan, settings.days)).encode())
    if settings.scan.partners:
        digest.update(repr(read_partners(settings.scan.partners, None, now=now).indicators).encode())
    for path in [*paths, *([settings.accounts] if settings.accounts else [])]:
        about = path.stat()
        digest.update(f"{path.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
