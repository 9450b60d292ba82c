import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from journals import LineSeal, asked, sealed_ids, sealed_rows, settings
from stillwatch.errors import JournalError
from stillwatch.gateway.journal import writer as module
from stillwatch.gateway.journal.frames import Frame, Kind, decode
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.seal import seal_journal
from stillwatch.gateway.journal.segment import OpenSegment
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.ports import JournalFull, Recorder

NEVER = 3_600.0
"""Seconds to the thread's next round: the test does the rounds itself."""
Make = Callable[..., JournalWriter]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[JournalWriter] = []

    def build(*, monotonic: Callable[[], float] = time.monotonic, **others: Any) -> JournalWriter:
        made.append(JournalWriter(settings(tmp_path, **{"fsync_seconds": NEVER, **others}), monotonic=monotonic))
        return made[-1]

    yield build
    for writer in made:
        writer._stop.set()
        writer._thread.join()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(settings(tmp_path).folder)


def on_disk(layout: Layout) -> list[Frame]:
    frames = [f for s in layout.segments() for f in decode(s.path.read_bytes())]
    return [f for f in frames if f.kind is not Kind.HEADER]


class Full:
    """A disk without room, as long as it is used as a context; ``taken`` bytes of a write still fit."""

    def __init__(self, taken: int = 0) -> None:
        self.taken = taken
        self.patch = pytest.MonkeyPatch()

    def __enter__(self) -> None:
        write = os.write

        def fail(handle: int, data: bytes) -> int:
            if self.taken:
                return write(handle, data[: self.taken])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self.patch.setattr(os, "write", fail)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def test_it_is_the_recorder_the_proxy_asks_for(make: Make) -> None:
    recorder: Recorder = make()
    assert recorder


def test_what_is_admitted_is_in_a_file_before_admit_returns(make: Make, layout: Layout) -> None:
    writer = make()
    writer.admit("1", asked(1))
    assert [(f.kind, f.about, f.row) for f in on_disk(layout)] == [(Kind.ADMIT, "1", asked(1))]
    writer.finish("1", {"status": 200})
    writer.note("refusal", {"account": "a"})
    assert [f.kind for f in on_disk(layout)] == [Kind.ADMIT, Kind.FINISH, Kind.NOTE]
    assert all(s.path.stat().st_mode & 0o777 == 0o600 for s in layout.segments())


def test_the_ends_of_one_turn_of_the_loop_come_in_one_write(make: Make, layout: Layout) -> None:
    writer = make()

    async def turn() -> list[str]:
        writer.gather_ends()
        writer.admit("1", asked(1))
        for number in range(3):
            writer.finish(str(number), {"status": 200})
        before = len(on_disk(layout))
        with pytest.MonkeyPatch.context() as patch:
            writes, append = [], OpenSegment.append
            patch.setattr(OpenSegment, "append", lambda self, frames: (writes.append(frames), append(self, frames)))
            await asyncio.sleep(0)
        assert (before, len(writes), writer.counts.finished) == (1, 1, 3)
        return [f.about for f in on_disk(layout) if f.kind is Kind.FINISH]

    assert asyncio.run(turn()) == ["0", "1", "2"]


def test_gathered_ends_are_written_when_it_closes(make: Make, layout: Layout) -> None:
    async def end() -> list[str]:
        writer = make()
        writer.gather_ends()
        writer.finish("1", {"status": 200})
        writer.close()
        return [f.about for f in on_disk(layout)]

    assert asyncio.run(end()) == ["1"]


def test_gathered_ends_wait_one_by_one_while_the_disk_is_full(make: Make, layout: Layout) -> None:
    writer = make()

    async def turn() -> None:
        writer.gather_ends()
        with Full():
            writer.finish("1", {"status": 200})
            writer.finish("2", {"status": 200})
            await asyncio.sleep(0)
        assert writer.counts.waiting == 2

    asyncio.run(turn())
    writer.note("refusal", {"account": "a"})
    assert [f.about for f in on_disk(layout)] == ["1", "2", "refusal"]


def test_a_segment_is_closed_at_its_size(make: Make, layout: Layout) -> None:
    writer = make(segment_bytes=500)
    for number in range(20):
        writer.admit(str(number), asked(number))
    writer._sync()
    states = [s.state for s in layout.segments()]
    assert states.count("wal") >= 3
    assert states.count("open") <= 1
    assert [f.about for f in on_disk(layout)] == [str(n) for n in range(20)]


def test_a_segment_is_closed_at_its_age_whatever_the_clock_on_the_wall_says(
    make: Make, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = [100.0]
    writer = make(monotonic=lambda: ticks[0], segment_seconds=60.0)
    writer.admit("1", asked())
    monkeypatch.setattr(time, "time", lambda: 4e9)
    writer._sync()
    assert [s.state for s in layout.segments()] == ["open"]
    monkeypatch.setattr(time, "time", lambda: 0.0)
    ticks[0] += 60.0
    writer._sync()
    assert [s.state for s in layout.segments()] == ["wal"]


def test_an_idle_worker_makes_no_segments(make: Make, layout: Layout) -> None:
    writer = make(segment_seconds=0.0)
    for _ in range(3):
        writer._sync()
    assert not layout.segments()


def test_the_thread_puts_the_open_segment_on_disk(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Event()
    monkeypatch.setattr(OpenSegment, "sync", lambda _segment: done.set())
    writer = make(fsync_seconds=0.001)
    assert not done.wait(0.05), "nothing was written, so nothing is put on disk"
    writer.admit("1", asked())
    assert done.wait(30)


def test_a_power_cut_takes_only_what_came_after_the_last_sync(
    make: Make, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk keeps of each file what it had at its last fsync, and only files whose folder was synced since."""
    kept: dict[str, int] = {}
    folders: list[str] = []

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            folders.append(path.name)
        else:
            kept[path.stem] = path.stat().st_size

    monkeypatch.setattr(os, "fsync", fsync)
    writer = make(segment_bytes=900)
    for number in range(20):
        writer.admit(str(number), asked(number))
    assert not kept, "no call waits for the disk"
    writer._sync()
    assert "wal" in folders
    for number in range(20, 25):
        writer.admit(str(number), asked(number))
    for segment in layout.segments():
        os.truncate(segment.path, kept.get(segment.path.stem, 0))
    assert [f.about for f in on_disk(layout)] == [str(n) for n in range(20)]


def test_a_full_disk_refuses_and_is_well_again(make: Make, layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    writer = make()
    writer.admit("before", asked())
    with Full(taken=7):
        for number in range(5):
            with pytest.raises(JournalFull, match="No space left on device; free space"):
                writer.admit(f"refused-{number}", asked())
    assert writer.counts.refused == 5
    assert writer.problem
    writer.admit("after", asked())
    assert not writer.problem
    assert [f.about for f in on_disk(layout)] == ["before", "after"]
    said = [(r.levelno, r.getMessage()) for r in caplog.records]
    assert [level for level, _ in said] == [logging.ERROR, logging.WARNING], "once when it begins, once when it ends"
    assert "calls are refused" in said[0][1]
    assert "5 calls were refused" in said[1][1]


def test_a_full_disk_sheds_where_that_is_set_and_says_so(
    make: Make, layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    writer = make(when_disk_full="shed")
    writer.admit("before", asked())
    with Full():
        writer.admit("shed", asked())
        writer.note("decision", {})
    assert (writer.counts.shed, writer.counts.notes_lost, writer.counts.admitted) == (1, 1, 1)
    assert "WITHOUT A RECORD" in caplog.text
    writer.admit("after", asked())
    assert [f.about for f in on_disk(layout)] == ["before", "after"]


def test_ends_of_calls_wait_for_room(make: Make, layout: Layout) -> None:
    writer = make()
    writer.admit("1", asked())
    writer.admit("2", asked())
    with Full(taken=3):
        writer.finish("1", {"status": 200})
        writer.finish("2", {"status": 500})
        writer._sync()
    assert writer.counts.waiting == 2
    writer._sync()
    assert writer.counts.waiting == 0
    assert writer.counts.finished == 2
    assert not writer.problem
    assert [(f.kind, f.about) for f in on_disk(layout)][2:4] == [(Kind.FINISH, "1"), (Kind.FINISH, "2")]


def test_what_waits_is_bounded_and_the_rest_is_counted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 1_000)
    writer = make()
    with Full():
        for number in range(100):
            writer.finish(str(number), {"status": 200})
    assert writer._waiting_bytes <= 1_000
    assert writer.counts.waiting + writer.counts.finishes_lost == 100
    assert writer.counts.finishes_lost > 50


def test_a_disk_that_lost_what_it_was_given_takes_no_more_calls(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = make()
    writer.admit("1", asked())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", raising(errno.EIO))
        writer._sync()
        assert writer.counts.sync_failures == 1
        with pytest.raises(JournalFull, match="the disk did not take it"):
            writer.admit("2", asked())
        writer._sync()
        with pytest.raises(JournalFull):
            writer.admit("3", asked())
    writer._sync()
    writer.admit("4", asked())
    assert not writer.problem


def raising(number: int) -> Callable[[int], None]:
    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_segments_that_wait_for_a_slow_disk_are_few(make: Make) -> None:
    writer = make(segment_bytes=100)
    for number in range(100):
        writer.admit(str(number), asked())
    assert len(writer._retired) == module.MAX_RETIRED


def test_a_closed_journal_has_everything_and_is_held_by_nobody(make: Make, layout: Layout) -> None:
    writer = make(segment_bytes=500)
    for number in range(30):
        writer.admit(str(number), asked(number))
    writer.close()
    assert {s.state for s in layout.segments()} == {"wal"}
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == {str(n): 1 for n in range(30)}


def test_many_threads_write_whole_records(make: Make, layout: Layout) -> None:
    writer = make(segment_bytes=5_000, fsync_seconds=0.001)

    def work(name: int) -> None:
        for number in range(200):
            writer.admit(f"{name}-{number}", asked(number))
            writer.finish(f"{name}-{number}", {"status": 200})

    threads = [Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    done = seal_journal(layout, LineSeal())
    assert (done.torn_bytes, done.lost_bytes, done.strays, done.partial) == (0, 0, 0, 0)
    assert sealed_ids(layout) == {f"{n}-{m}": 1 for n in range(4) for m in range(200)}


def test_two_workers_of_one_journal_do_not_meet(make: Make, layout: Layout) -> None:
    one, other = make(), make()
    one.admit("1", asked())
    other.admit("2", asked())
    assert len({s.run for s in layout.segments()}) == 2
    one.close()
    seal_journal(layout, LineSeal())
    assert [r["call_id"] for r in sealed_rows(layout)] == ["1"]


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    with pytest.raises(JournalError, match="cannot be made"):
        JournalWriter(settings(tmp_path))


def test_an_end_never_raises_whatever_it_says(make: Make) -> None:
    writer = make()
    writer.finish("1", {"finish_reason": "\ud800", "output_tokens": 1 << 99, "odd": object()})
    assert writer.counts.finished == 1
