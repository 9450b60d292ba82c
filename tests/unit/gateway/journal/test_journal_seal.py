import contextlib
import gzip
import json
import os
import random
from pathlib import Path

import pytest

from journals import Killed, LineSeal, Reaper, asked, sealed_ids, sealed_rows, settings
from stillwatch.errors import JournalError
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.frames import Kind, encode
from stillwatch.gateway.journal.join import Row
from stillwatch.gateway.journal.layout import Layout, State
from stillwatch.gateway.journal.seal import seal_journal
from stillwatch.gateway.journal.writer import JournalWriter

RUN = "0123456789abcdef"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(settings(tmp_path).folder)
    made.create()
    return made


def segment(layout: Layout, number: int, *frames: bytes, state: State = State.CLOSED) -> Path:
    path = layout.segment_path(RUN, number, state)
    path.write_bytes(b"".join(frames))
    return path


def admit(call: object, **row: object) -> bytes:
    return encode(Kind.ADMIT, str(call), {**asked(), **row})


def finish(call: object) -> bytes:
    return encode(Kind.FINISH, str(call), {"status": 200})


def test_a_dead_worker_s_segments_are_sealed_whole_and_forgotten(layout: Layout) -> None:
    segment(layout, 1, admit(1), admit(2), finish(1))
    segment(layout, 2, admit(3), finish(2), state=State.OPEN)
    layout.lock_path(RUN).touch()
    done = seal_journal(layout, LineSeal())
    assert {r["call_id"]: r["status"] for r in sealed_rows(layout)} == {"1": 200, "2": 200, "3": None}
    assert (done.segments, done.calls, done.partial, done.carried) == (2, 3, 1, 0)
    assert not list(layout.wal.iterdir())


def test_a_living_worker_keeps_its_open_segment_and_its_open_calls(layout: Layout) -> None:
    segment(layout, 1, admit(1), admit(2), finish(1))
    writing = segment(layout, 2, finish(2), state=State.OPEN)
    held = alive.hold(layout.lock_path(RUN))
    assert seal_journal(layout, LineSeal()).carried == 1
    assert sealed_ids(layout) == {"1": 1}
    assert writing.exists()
    writing.rename(layout.segment_path(RUN, 2, State.CLOSED))
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == {"1": 1, "2": 1}
    assert [r["prompt"] for r in sealed_rows(layout)] == [asked()["prompt"]] * 2
    os.close(held)


def test_a_call_open_for_many_segments_is_carried_through_all(layout: Layout) -> None:
    held = alive.hold(layout.lock_path(RUN))
    segment(layout, 1, admit("long"))
    for number in range(2, 7):
        assert seal_journal(layout, LineSeal()).carried == 1
        segment(layout, number, admit(number), finish(number))
    segment(layout, 7, finish("long"))
    seal_journal(layout, LineSeal())
    os.close(held)
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == {"long": 1, **{str(n): 1 for n in range(2, 7)}}
    assert not list(layout.wal.iterdir())


def test_a_worker_that_died_after_the_last_sealing_leaves_its_open_calls(layout: Layout) -> None:
    held = alive.hold(layout.lock_path(RUN))
    segment(layout, 1, admit("open"))
    seal_journal(layout, LineSeal())
    assert not sealed_ids(layout)
    os.close(held)
    assert seal_journal(layout, LineSeal()).partial == 1
    assert sealed_ids(layout) == {"open": 1}


def test_of_a_living_worker_nothing_behind_an_open_segment_is_sealed(layout: Layout) -> None:
    """A segment that could not be renamed still comes first: what follows it waits."""
    held = alive.hold(layout.lock_path(RUN))
    segment(layout, 1, admit(1), state=State.OPEN)
    segment(layout, 2, finish(1), admit(2), finish(2))
    seal_journal(layout, LineSeal())
    assert not sealed_ids(layout)
    os.close(held)
    seal_journal(layout, LineSeal())
    assert {r["call_id"]: r["status"] for r in sealed_rows(layout)} == {"1": 200, "2": 200}


def test_a_torn_tail_is_cut_and_counted(layout: Layout) -> None:
    segment(layout, 1, admit(1), admit(2)[:-5], state=State.OPEN)
    done = seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == {"1": 1}
    assert done.torn_bytes == len(admit(2)) - 5


def test_damage_between_records_is_said_loudly(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    segment(layout, 1, admit(1), bytes(100), admit(2))
    assert seal_journal(layout, LineSeal()).lost_bytes == 100
    assert sealed_ids(layout) == {"1": 1, "2": 1}
    assert "100 bytes between whole records are damaged" in caplog.text


def test_damage_to_what_was_carried_over_is_said_too(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    held = alive.hold(layout.lock_path(RUN))
    segment(layout, 1, admit("open"), admit("other"))
    seal_journal(layout, LineSeal())
    (carry,) = layout.wal.glob("*.carry")
    carry.write_bytes(carry.read_bytes()[:-4])
    os.close(held)
    assert seal_journal(layout, LineSeal()).lost_bytes > 0
    assert sealed_ids(layout) == {"open": 1}
    assert "are damaged" in caplog.text


def test_notes_are_kept_beside(layout: Layout) -> None:
    segment(layout, 1, encode(Kind.NOTE, "refusal", {"at": 1.0, "account": "a"}))
    seal_journal(layout, LineSeal())
    (path,) = layout.notes.iterdir()
    assert json.loads(gzip.decompress(path.read_bytes())) == {"kind": "refusal", "at": 1.0, "account": "a"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_text_is_written_only_where_it_is_asked_for(layout: Layout) -> None:
    segment(layout, 1, admit(1))
    seal_journal(layout, LineSeal())
    assert not list(layout.text.iterdir())
    segment(layout, 2, admit(2))
    seal_journal(layout, LineSeal(), keep_text=True)
    assert [p.name for p in layout.text.iterdir()] == [f"{RUN}-00000002.parquet.enc"]


def test_one_run_that_cannot_be_sealed_does_not_keep_the_others(layout: Layout) -> None:
    segment(layout, 1, admit("bad"))
    (layout.wal / "fedcba9876543210-00000001.wal").write_bytes(admit("good"))

    class Picky(LineSeal):
        def fingerprints(self, calls: list[Row], draft: Path, name: str) -> None:
            if calls[0]["call_id"] == "bad":
                raise ValueError("poison")
            super().fingerprints(calls, draft, name)

    with pytest.raises(JournalError, match=r"1 run.*poison.*nothing is lost"):
        seal_journal(layout, Picky())
    assert sealed_ids(layout) == {"good": 1}
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == {"good": 1, "bad": 1}


def test_two_do_not_seal_at_once(layout: Layout) -> None:
    with (
        alive.only_one(layout.folder / "seal.lock", doing="sealing"),
        pytest.raises(JournalError, match="another process"),
    ):
        seal_journal(layout, LineSeal())


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out fsync: the order of changes is tested, not the disk."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


def traffic(folder: Path, *, living: bool) -> tuple[Layout, JournalWriter, set[str]]:
    """Write 24 calls into several segments, 4 of them without an end; a dead worker closed nothing."""
    made = settings(folder, segment_bytes=1_500)
    writer = JournalWriter(made)
    draw = random.Random(1)
    for number in range(24):
        writer.admit(str(number), asked(number))
        writer.note("decision", {"call": number})
        if number % 7:
            writer.finish(str(number), {"status": 200, "output_tokens": draw.randrange(100)})
    writer.close()
    layout = Layout(made.folder)
    if living:
        layout.lock_path(writer.run).unlink()
        alive.hold(layout.lock_path(writer.run))
    return layout, writer, {str(n) for n in range(24)}


def count_changes(folder: Path, *, living: bool) -> int:
    layout, _, _ = traffic(folder, living=living)
    with pytest.MonkeyPatch.context() as patch:
        reaper = Reaper(patch, at=10**9)
        seal_journal(layout, LineSeal())
    return reaper.changes


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("living", [False, True])
def test_killed_between_any_two_changes_of_the_disk_each_call_is_sealed_once(tmp_path: Path, *, living: bool) -> None:
    total = count_changes(tmp_path / "count", living=living)
    assert total > 60
    for at in range(total):
        layout, writer, admitted = traffic(tmp_path / str(at), living=living)
        with pytest.MonkeyPatch.context() as patch:
            Reaper(patch, at=at)
            with pytest.raises(Killed):
                seal_journal(layout, LineSeal())
        seal_journal(layout, LineSeal())
        if living:
            layout.lock_path(writer.run).unlink()
            seal_journal(layout, LineSeal())
        assert sealed_ids(layout) == dict.fromkeys(admitted, 1), at
        assert not list(layout.wal.iterdir()), at


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("seed", range(40))
def test_killed_again_and_again_while_the_worker_writes_on(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    made = settings(tmp_path, segment_bytes=800)
    layout = Layout(made.folder)
    admitted: set[str] = set()
    for _ in range(3):
        writer = JournalWriter(made)
        for _ in range(draw.randrange(4)):
            for _ in range(draw.randrange(20)):
                call = str(len(admitted))
                admitted.add(call)
                writer.admit(call, asked())
                if draw.random() < 0.8:
                    writer.finish(call, {"status": 200})
            with pytest.MonkeyPatch.context() as patch:
                Reaper(patch, at=draw.randrange(60))
                with contextlib.suppress(Killed):
                    seal_journal(layout, LineSeal())
        writer.close()
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == dict.fromkeys(admitted, 1)
