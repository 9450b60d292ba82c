"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from stillwatch.gateway.journal.layout import DRAFT, PRIVATE_FILE, sync_folder


def publish(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a draft beside ``path``, put it on disk and give it its name, replacing what had it."""
    draft = path.with_name(f".{path.name}{DRAFT}")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
    try:
        write(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what a crash left half-written."""
    for path in folder.glob(f".*{DRAFT}"):
        path.unlink(missing_ok=True)
