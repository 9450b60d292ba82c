"""The pipe from workers to the exporter: a name in the gateway's folder, and a queue that the system bounds."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from stillwatch.errors import SettingsError
from stillwatch.gateway.settings import GatewaySettings

PIPE_BYTES = 1 << 20
"""About 4,000 calls: what an unprivileged process may ask for (Linux, fs.pipe-max-size)."""
SET_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)
"""Linux only; elsewhere a pipe has the size that the system gives it (64 KiB)."""


def span_pipe(settings: GatewaySettings) -> Path:
    """Return where the pipe is: beside the journal."""
    return settings.journal.folder.parent / "spans.pipe"


def make_pipe(path: Path) -> None:
    """Make the pipe, if it is not there, for its owner only. Raises SettingsError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (path.exists() and stat.S_ISFIFO(path.stat().st_mode)):
            os.mkfifo(path, 0o600)
    except OSError as problem:
        raise SettingsError(f"{path}: no pipe can be made there: {problem.strerror}; remove what is there") from problem


def open_pipe(path: Path) -> int:
    """Open both ends: whoever holds them, writers find a reader, and readers no end."""
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    if SET_SIZE is not None:
        # Where the user's pipes are too many already it keeps its size, and fewer calls wait in it.
        with suppress(OSError):
            fcntl.fcntl(pipe, SET_SIZE, PIPE_BYTES)
    return pipe
