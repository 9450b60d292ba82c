"""Files that hold a secret: made whole or not at all, read only if nobody else can."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from stillwatch.errors import SettingsError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create_private_file(path: Path, make_content: Callable[[], bytes]) -> None:
    """Make a file of mode 0600, in a folder of mode 0700, unless it is there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    # 1. Write a private file.  A crash here leaves a stray temporary file and no secret.
    # 2. Link it into place.    Atomic, and fails if another process was first: then theirs stays.
    # 3. Remove the first name. A crash here leaves a second name for the same file, mode 0600.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(make_content())
            file.flush()
            os.fsync(file.fileno())
        _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_private_file(path: Path, *, most_bytes: int, called: str) -> bytes:
    """Read at most so many bytes of it. Raises OSError, and SettingsError if other users may read it."""
    with path.open("rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
            raise SettingsError(f"{path}: {called} is open to other users of this machine; run: chmod 600 {path}")
        return file.read(most_bytes)


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
