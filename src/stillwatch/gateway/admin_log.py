"""What administrators changed, as JSON lines: appended, on disk before the change is committed, never rewritten."""

from __future__ import annotations

import fcntl
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

import orjson

from stillwatch.errors import DirectoryUnavailableError
from stillwatch.gateway.settings import DATA, GatewaySettings

ADMIN_LOG = DATA / "admin-log.jsonl"


def admin_log_of(settings: GatewaySettings) -> Path:
    """Return a gateway's admin log: beside its admin token."""
    return settings.admin_token_file.parent / ADMIN_LOG.name


class AdminLog:
    """One file, appended to by any number of processes. ``note`` is a ``directory.database.Note``."""

    def __init__(self, path: Path = ADMIN_LOG) -> None:
        self._path = path

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        """Append a line and wait until it is on disk.

        Raises DirectoryUnavailableError if it cannot be: then what it is about is not done either.
        """
        line = orjson.dumps({"kind": kind, **row}) + b"\n"
        try:
            self._append(line)
        except OSError as problem:
            raise DirectoryUnavailableError(
                f"{self._path}: cannot be written: {problem.strerror}; nothing was changed; make room there"
            ) from problem

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            # A crash within a line leaves it cut off: the next one begins on a line of its own.
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            data = b"\n" + line if torn else line
            if os.write(handle, data) != len(data):
                raise OSError(0, "the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)


def operating_user() -> str:
    """Name the user of the operating system who runs this; behind sudo, also who became root."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    # Only root's environment is believed: anybody else could set the variable.
    behind = os.environ.get("SUDO_USER") if number == 0 else None
    return f"{name} (sudo by {behind})" if behind else name
