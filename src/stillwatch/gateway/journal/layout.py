"""Which file of a journal's folder is what, by its name alone.

    wal/RUN.lock            held by the worker as long as it lives (flock)
    wal/RUN-NNNNNNNN.open   the segment being written;  .wal: closed;  .carry: calls still open at the last sealing
    sealed/NAME.parquet     fingerprints, what ``scan`` reads
    text/NAME.parquet.enc   prompts, encrypted, only where the setting says so
    notes/NAME.notes.gz     decisions, refusals, mode changes; JSON lines
    pending/NAME.calls.enc  only where that folder is: what the evidence log has not got yet; calls encrypted, and
    pending/NAME.notes.gz   notes, the same file as in notes/
    rejects/NAME.rejects    rows that are no calls (a mistake of the gateway), cut off; JSON lines

A run is one worker process from start to end; its segments are numbered from 1. ``NAME`` is ``RUN-NNNNNNNN``: sealed up
to that segment; or ``merged-…``.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stillwatch.errors import JournalError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_SEGMENT = re.compile(r"^([0-9a-f]{16})-([0-9]{8})\.(open|wal|carry)$")
_SEALED = re.compile(r"^([0-9a-f]{16})-([0-9]{8})\.parquet$")
_LOCK = re.compile(r"^([0-9a-f]{16})\.lock$")
PENDING_CALLS, PENDING_NOTES = ".calls.enc", ".notes.gz"
LOCK, DRAFT = ".lock", ".draft"


class State(StrEnum):
    """What a write-ahead file is: its suffix."""

    OPEN = "open"
    CLOSED = "wal"
    CARRY = "carry"


@dataclass(frozen=True, order=True)
class Segment:
    """One write-ahead file."""

    run: str
    number: int
    state: State
    path: Path


@dataclass(frozen=True)
class Layout:
    """The folders of a journal."""

    folder: Path

    @property
    def wal(self) -> Path:
        """Return where prompts are until they are sealed."""
        return self.folder / "wal"

    @property
    def sealed(self) -> Path:
        """Return where fingerprints are."""
        return self.folder / "sealed"

    @property
    def text(self) -> Path:
        """Return where encrypted prompts are."""
        return self.folder / "text"

    @property
    def notes(self) -> Path:
        """Return where notes are."""
        return self.folder / "notes"

    @property
    def rejects(self) -> Path:
        """Return where rows are that turned out to be no calls."""
        return self.folder / "rejects"

    @property
    def pending(self) -> Path:
        """Return where sealing leaves what goes into the evidence log, if this folder is there."""
        return self.folder / "pending"

    def create(self) -> None:
        """Make the folders, open to their owner only. Raises JournalError where that fails."""
        try:
            for folder in (self.folder, self.wal, self.sealed, self.text, self.notes, self.rejects):
                folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        except OSError as problem:
            raise JournalError(
                f"{self.folder}: the journal cannot be made: {problem.strerror}; name another folder"
            ) from problem

    def segments(self) -> list[Segment]:
        """Return the write-ahead files, by run and number."""
        matches = ((_SEGMENT.match(path.name), path) for path in _files(self.wal))
        return sorted(Segment(m[1], int(m[2]), State(m[3]), path) for m, path in matches if m)

    def runs(self) -> list[str]:
        """Return the runs that have anything left in ``wal``."""
        locked = {m[1] for path in _files(self.wal) if (m := _LOCK.match(path.name))}
        return sorted(locked | {s.run for s in self.segments()})

    def sealed_through(self) -> dict[str, int]:
        """Return for each run the number of the last segment that is sealed."""
        through: dict[str, int] = {}
        for path in _files(self.sealed):
            if match := _SEALED.match(path.name):
                through[match[1]] = max(through.get(match[1], 0), int(match[2]))
        return through

    def sealed_files(self) -> list[Path]:
        """Return the sealed segments, by name."""
        return sorted(path for path in _files(self.sealed) if path.suffix == ".parquet")

    def pinned(self) -> set[Path]:
        """Return the sealed files that still say how far a run is sealed: they must stay until the run is gone."""
        runs = set(self.runs())
        through = self.sealed_through()
        return {self.sealed_path(f"{run}-{number:08d}") for run, number in through.items() if run in runs}

    def sealed_path(self, name: str) -> Path:
        """Return where a sealed segment of that name is."""
        return self.sealed / f"{name}.parquet"

    def text_path(self, name: str) -> Path:
        """Return where the encrypted prompts of the sealed segment of that name are."""
        return self.text / f"{name}.parquet.enc"

    def notes_path(self, name: str) -> Path:
        """Return where the notes of the sealed segment of that name are."""
        return self.notes / f"{name}.notes.gz"

    def rejects_path(self, name: str) -> Path:
        """Return where rows are that cannot be in the sealed segment of that name."""
        return self.rejects / f"{name}.rejects"

    def pending_calls_path(self, name: str) -> Path:
        """Return where the calls of the sealed segment of that name wait for the evidence log."""
        return self.pending / f"{name}{PENDING_CALLS}"

    def pending_notes_path(self, name: str) -> Path:
        """Return where its notes do."""
        return self.pending / f"{name}{PENDING_NOTES}"

    def carry_path(self, name: str) -> Path:
        """Return where the calls are that were open when the sealed segment of that name was made."""
        return self.wal / f"{name}.{State.CARRY}"

    def lock_path(self, run: str) -> Path:
        """Return the file that the run's worker holds."""
        return self.wal / f"{run}{LOCK}"

    def segment_path(self, run: str, number: int, state: State) -> Path:
        """Return a write-ahead file's path."""
        return self.wal / f"{run}-{number:08d}.{state}"


def new_run() -> str:
    """Return a name that no other worker process ever had: 64 random bits."""
    return secrets.token_hex(8)


def sync_folder(folder: Path) -> None:
    """Put names that were made, moved or removed in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(paths: Iterable[Path]) -> None:
    """Remove files that may be gone already."""
    for path in paths:
        path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
