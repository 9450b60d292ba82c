"""One write-ahead file while it is written: whole frames or nothing, also when the disk is full."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from stillwatch.gateway.journal.layout import PRIVATE_FILE, State, sync_folder


@dataclass(slots=True)
class OpenSegment:
    """An open file at its end. ``append`` is called under its owner's lock; the others by one thread only."""

    path: Path
    handle: int
    opened_at: float
    """By a monotonic clock, in seconds."""
    size: int = 0
    named: bool = False
    """Whether its name is on disk."""

    def append(self, frame: bytes) -> None:
        """Write a frame with one system call. Raises OSError if there is no room: then nothing of it is left."""
        written = os.write(self.handle, frame)
        if written != len(frame):
            # If even this fails, the torn frame stays; readers pass over it to the next mark.
            os.ftruncate(self.handle, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.size += written

    def sync(self) -> None:
        """Wait until everything written, and the file's name, is on disk. Raises OSError if the disk lost it."""
        os.fsync(self.handle)
        if not self.named:
            sync_folder(self.path.parent)
            self.named = True

    def retire(self) -> None:
        """Put it on disk, close it and name it closed. Raises OSError; the file is closed in any case."""
        try:
            self.sync()
        finally:
            os.close(self.handle)
            self.path.replace(self.path.with_suffix(f".{State.CLOSED}"))
            sync_folder(self.path.parent)


def open_segment(path: Path, *, header: bytes, now: float) -> OpenSegment:
    """Create a segment that only its owner may read, without waiting. Raises OSError; then no file is left."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
    made = OpenSegment(path, handle, now)
    try:
        made.append(header)
    except BaseException:
        os.close(handle)
        path.unlink(missing_ok=True)
        raise
    return made
