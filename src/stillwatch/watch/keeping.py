"""How long sealed segments stay, and how many files they are."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pyarrow as pa

from stillwatch.errors import SourceError
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.drafts import publish
from stillwatch.gateway.journal.layout import Layout, remove
from stillwatch.ingest.files import open_parquet
from stillwatch.ingest.sealed import SegmentInfo, read_info, read_tables, write_tables

MERGE_AT = 60
"""So many small segments become one: an hour's worth of one worker; 35 days are about 850 files then."""
MERGED_FROM = "stillwatch.merged_from"
"""Key of a footer's metadata: names of the segments that are in this one."""
ROWS = 65_536

log = logging.getLogger("stillwatch.journal")


@dataclass(frozen=True)
class Kept:
    """A sealed segment with what its footer says."""

    path: Path
    info: SegmentInfo


def read_sealed(layout: Layout) -> list[Kept]:
    """Return the sealed segments by name; what cannot be read as one is left out, and the log says so."""
    kept = []
    for path in layout.sealed_files():
        try:
            kept.append(Kept(path, read_info(path)))
        except SourceError as problem:
            log.error("journal: left out: %s", problem)  # noqa: TRY400 - what to do is in the message
    return kept


def remove_expired(layout: Layout, *, keep_days: int, now: datetime) -> list[Path]:
    """Remove sealed segments whose last call, and all else whose sealing, is longer ago; return which.

    The segment that says how far a living worker is sealed stays until it says no more. Raises JournalError while
    another process seals.
    """
    with alive.only_one(layout.folder / "seal.lock", doing="sealing"):
        return _remove_expired(layout, keep_days=keep_days, now=now)


def _remove_expired(layout: Layout, *, keep_days: int, now: datetime) -> list[Path]:
    oldest = now - timedelta(days=keep_days)
    micros = int(oldest.timestamp() * 1_000_000)
    pinned = layout.pinned()
    expired = [k.path for k in read_sealed(layout) if k.info.last < micros and k.path not in pinned]
    folders = [layout.sealed, layout.text, layout.notes, layout.rejects]
    folders += [layout.pending] if layout.pending.is_dir() else []
    beside = (path for folder in folders for path in folder.iterdir() if path not in pinned)
    expired += [path for path in beside if path.stat().st_mtime < oldest.timestamp() and path not in expired]
    unlogged = sum(path.parent == layout.pending for path in expired)
    if unlogged:
        log.error("journal: %d files are too old that never got into the evidence log; they are removed", unlogged)
    remove(expired)
    return expired


def merge_segments(layout: Layout, *, at: int = MERGE_AT) -> Path | None:
    """Join small sealed segments once there are ``at`` of them; return the new one.

    Raises JournalError while another process seals.
    """
    # 1. Write the joined segment, with the names of what is in it.  A crash here leaves a draft.
    # 2. Give it its name.     From here on its sources are doubles, which a scan counts once (equal call ids).
    # 3. Remove the sources.   A crash here is mended by the next call, which begins with this step.
    with alive.only_one(layout.folder / "seal.lock", doing="sealing"):
        _remove_merged(layout)
        small = _largest_of_one_key(layout)
        if len(small) < at:
            return None
        path = layout.sealed_path(f"merged-{secrets.token_hex(8)}")
        publish(path, lambda draft: _write_merged(small, draft))
        _remove_merged(layout, [path])
    return path


def _largest_of_one_key(layout: Layout) -> list[Kept]:
    pinned = layout.pinned()
    by_key: dict[str, list[Kept]] = {}
    for kept in read_sealed(layout):
        if not _is_merged(kept.path) and kept.path not in pinned:
            by_key.setdefault(kept.info.key, []).append(kept)
    return max(by_key.values(), key=len, default=[])


def _write_merged(small: Sequence[Kept], draft: Path) -> None:
    names = orjson.dumps([k.path.name for k in small]).decode()
    write_tables(draft, _tables(small), key=small[0].info.key, says={MERGED_FROM: names})


def _tables(small: Sequence[Kept]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for kept in small:
        for batch in read_tables(kept.path, batch_rows=ROWS):
            waiting.append(batch)
            if sum(b.num_rows for b in waiting) >= ROWS:
                yield pa.Table.from_batches(waiting)
                waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _remove_merged(layout: Layout, merged: Sequence[Path] | None = None) -> None:
    for path in merged or [p for p in layout.sealed_files() if _is_merged(p)]:
        with open_parquet(path) as parquet:
            names = orjson.loads((parquet.metadata.metadata or {}).get(MERGED_FROM.encode(), b"[]"))
        remove(layout.sealed / name for name in names)


def _is_merged(path: Path) -> bool:
    return path.name.startswith("merged-")
