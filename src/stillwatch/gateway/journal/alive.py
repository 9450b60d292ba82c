"""Whether a worker process lives: it holds a lock that the system lets go of when it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwatch.errors import JournalError
from stillwatch.gateway.journal.layout import PRIVATE_FILE


def hold(path: Path) -> int:
    """Create the run's lock file and hold it until the returned handle is closed. Raises OSError."""
    # 1. Lock a file of another name.  A crash here leaves a hidden file that means nothing.
    # 2. Give it its name.             Nobody ever sees the name without the lock.
    draft = path.with_name(f".{path.name}")
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.replace(path)
    return handle


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock; no file means no process."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def only_one(path: Path, *, doing: str) -> Iterator[None]:
    """Let one process at a time into the block. Raises JournalError at once where another is in it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(f"{path}: another process is {doing} this journal; wait for it, or stop it") from None
        yield
    finally:
        os.close(handle)
