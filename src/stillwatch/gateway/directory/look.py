"""How the files of a SQLite database look: while they look the same nobody has changed it, and it need not be asked."""

from __future__ import annotations

from pathlib import Path

YOUNG_SECONDS = 2.0
"""A file that changed so lately may change again without another time: the coarsest file systems count in steps of 2 s
(FAT), Linux's own in those of its timer."""

Look = tuple[tuple[int, int, int], ...]


def look_at(path: Path, *, now: float) -> Look | None:
    """Return inode, size and time of the database and of its write-ahead log, if there is one.

    None where they do not tell: the database is not there, or one of them is too young. ``now`` is seconds since 1970.
    """
    look: list[tuple[int, int, int]] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            found = file.stat()
        except OSError:
            if file is path:
                return None
            continue
        if found.st_mtime > now - YOUNG_SECONDS:
            return None
        look.append((found.st_ino, found.st_size, found.st_mtime_ns))
    return tuple(look)
