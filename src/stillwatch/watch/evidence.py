"""What arrived goes into the evidence log: calls and notes that sealing left, what administrators did, and findings.

Sealing leaves both in the journal's folder ``pending``, calls encrypted with their prompts, because an entry commits to
them; they stay there until they are in the log, so that a log which cannot be written stops neither sealing nor scans.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.evidence.book import Book
from stillwatch.evidence.gateway_notes import append_notes
from stillwatch.gateway.journal.layout import PENDING_CALLS, PENDING_NOTES, PRIVATE_FOLDER, Layout
from stillwatch.recording import append_findings
from stillwatch.settings import EvidenceSettings
from stillwatch.store.encrypted import read_encrypted
from stillwatch.store.key import read_or_create_key

log = logging.getLogger("stillwatch.watch")


@dataclass(frozen=True)
class EvidenceFeed:
    """What goes into the log of ``settings``, and from where."""

    settings: EvidenceSettings
    layout: Layout
    admin_log: Path | None
    report: Path

    def open(self) -> None:
        """Have sealing leave calls and notes for the log from now on."""
        self.layout.pending.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)

    def append(self, *, clock: Callable[[], float]) -> int:
        """Append all that is new; return how many entries that made.

        May be interrupted and repeated: whatever is in the log already is not appended again. What cannot be read is
        logged, stays where it is, and does not keep the rest out. Raises EvidenceError where the log cannot be opened
        or written, SettingsError for the deployment's key.
        """
        with Book(self.settings, clock=clock) as book:
            before = book.log.size
            for path in sorted(self.layout.pending.glob(f"*{PENDING_CALLS}")):
                _try(path, self._append_calls, book)
            for path in sorted(self.layout.pending.glob(f"*{PENDING_NOTES}")):
                _try(path, _append_notes, book)
            if self.admin_log is not None and self.admin_log.exists():
                _try(self.admin_log, append_notes, book)
            if (self.report / "campaigns.json").exists():
                _try(self.report, _append_findings, book)
            return book.log.size - before

    def _append_calls(self, book: Book, path: Path) -> None:
        name = path.name.removesuffix(PENDING_CALLS)
        table = read_encrypted(path, key=read_or_create_key(self.settings.key_file), name=f"pending-{name}")
        # 1. Append.  A crash here appends nothing twice: calls go in by their ids.
        # 2. Forget.
        book.append_calls(table.to_batches())
        path.unlink()


def close_feed(layout: Layout) -> None:
    """Have sealing leave nothing for a log that is off; say so where something still waits for it."""
    with suppress(FileNotFoundError):
        waiting = sum(1 for _ in layout.pending.iterdir())
        if waiting:
            log.warning(
                "watch: %d files in %s wait for an evidence log, and the settings have none any more: turn it on, "
                "or remove that folder; until then more is put there",
                waiting,
                layout.pending,
            )
        else:
            layout.pending.rmdir()


def _append_notes(book: Book, path: Path) -> None:
    append_notes(book, path)
    path.unlink()


def _append_findings(book: Book, report: Path) -> None:
    append_findings(book, report)


def _try(path: Path, append: Callable[[Book, Path], object], book: Book) -> None:
    try:
        append(book, path)
    except (StillwatchError, FileNotFoundError) as problem:
        log.error("watch: not in the evidence log: %s", problem)  # noqa: TRY400 - what to do is in the message
