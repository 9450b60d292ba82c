"""Whatever the disk does to each write, what was admitted comes out once and whole."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journals import LineSeal, asked, sealed_rows
from journals import settings as journal_settings
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.seal import seal_journal
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.ports import JournalFull

FATES = ("well", "short", "torn", "full")
"""What may become of a write: all of it; a part, undone; a part that cannot even be undone; nothing."""
acts = st.lists(
    st.tuples(st.sampled_from(["admit", "finish", "note", "sync", "seal"]), st.integers(0, 10**6)), max_size=50
)


class Disk:
    """A disk whose writes meet the fates drawn for them."""

    def __init__(self, fates: list[tuple[str, int]]) -> None:
        self.fates = iter(fates)
        self.write, self.ftruncate = os.write, os.ftruncate
        self.torn = False

    def take(self, handle: int, data: bytes) -> int:
        fate, part = next(self.fates, ("well", 0))
        self.torn = fate == "torn"
        if fate == "full":
            raise OSError(errno.ENOSPC, "full")
        return self.write(handle, data if fate == "well" else data[: part % len(data)])

    def undo(self, handle: int, size: int) -> None:
        if self.torn:
            raise OSError(errno.EIO, "cannot even be undone")
        self.ftruncate(handle, size)


def play(folder: Path, script: list[tuple[str, int]], disk: Disk) -> tuple[dict[str, int | None], Layout]:
    """Do as the script says and return how each admitted call ended."""
    made = journal_settings(folder, segment_bytes=700, fsync_seconds=3_600.0)
    layout = Layout(made.folder)
    writer = JournalWriter(made)
    ended: dict[str, int | None] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        patch.setattr(os, "write", disk.take)
        patch.setattr(os, "ftruncate", disk.undo)
        for act, number in script:
            still_open = [call for call, status in ended.items() if status is None]
            if act == "admit":
                call = f"c{len(ended)}-{number}"
                try:
                    writer.admit(call, asked(number))
                except JournalFull:
                    continue
                ended[call] = None
            elif act == "finish" and still_open:
                call = still_open[number % len(still_open)]
                writer.finish(call, {"status": number})
                ended[call] = number
            elif act == "note":
                writer.note("decision", {"n": number})
            elif act == "sync":
                writer._sync()
            elif act == "seal":
                seal_journal(layout, LineSeal())
    writer.close()
    return ended, layout


@settings(max_examples=150, deadline=None)
@given(acts, st.lists(st.tuples(st.sampled_from(FATES), st.integers(0, 10**6)), max_size=60))
def test_whatever_the_disk_does_what_was_admitted_comes_out_once(
    script: list[tuple[str, int]], fates: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ended, layout = play(Path(folder), script, Disk(fates))
        seal_journal(layout, LineSeal())
        rows = sealed_rows(layout)
        assert sorted(row["call_id"] for row in rows) == sorted(ended)
        assert {row["call_id"]: row["status"] for row in rows} == ended
        assert not list(layout.wal.iterdir())
