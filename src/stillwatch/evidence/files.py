"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, data: bytes, *, durable: bool) -> None:
    """Put ``data`` at ``path`` in one step for every reader; ``durable`` also survives a power cut.

    A crash leaves the old file, or none, and perhaps a stray ``.new`` beside it, which the next write replaces.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        _write(draft, data, durable=durable)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(draft, data, durable=durable)
    draft.replace(path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    with path.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
