import contextlib
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journals import AT, KEY, Killed, Reaper, log
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.layout import Layout
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.sealed import read_info, write_segment
from stillwatch.watch.keeping import merge_segments, read_sealed, remove_expired

RUN, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "journal")
    made.create()
    return made


def sealed(layout: Layout, name: str, table: pa.Table, *, key: bytes = KEY) -> Path:
    prints = Fingerprinter(key)
    path = layout.sealed_path(name)
    write_segment(path, (prints.fingerprint(b) for b in table.to_batches()), key=key)
    return path


def calls(layout: Layout) -> Counter[int]:
    return Counter(call for path in layout.sealed_files() for call in pq.read_table(path)["call"].to_pylist())


def some(layout: Layout, count: int, *, run: str = RUN) -> None:
    for number in range(count):
        sealed(layout, f"{run}-{number + 1:08d}", log(40).slice(number * 4, 4))


def test_segments_go_when_their_last_call_is_too_long_ago(layout: Layout) -> None:
    old, new = sealed(layout, f"{RUN}-00000001", log(1)), sealed(layout, f"{RUN}-00000002", log(30))
    assert remove_expired(layout, keep_days=35, now=AT + timedelta(days=35)) == []
    assert remove_expired(layout, keep_days=35, now=AT + timedelta(days=35, minutes=10)) == [old]
    assert layout.sealed_files() == [new]


def test_what_is_beside_them_goes_too(layout: Layout) -> None:
    for path in (layout.text_path("x"), layout.notes_path("x"), layout.rejects_path("x")):
        path.touch()
        os.utime(path, (AT.timestamp(), AT.timestamp()))
    assert len(remove_expired(layout, keep_days=35, now=AT + timedelta(days=34))) == 0
    assert len(remove_expired(layout, keep_days=35, now=AT + timedelta(days=36))) == 3
    assert not [*layout.text.iterdir(), *layout.notes.iterdir(), *layout.rejects.iterdir()]


def test_what_is_no_segment_goes_by_the_age_of_its_file(layout: Layout) -> None:
    odd = layout.sealed_path("odd")
    odd.write_bytes(b"PAR1")
    os.utime(odd, (AT.timestamp(), AT.timestamp()))
    assert read_sealed(layout) == []
    assert remove_expired(layout, keep_days=35, now=AT + timedelta(days=36)) == [odd]


def test_the_mark_of_a_living_worker_stays(layout: Layout) -> None:
    """Without it, what that worker's spent segments hold would be sealed a second time."""
    path = sealed(layout, f"{RUN}-00000007", log(1))
    held = alive.hold(layout.lock_path(RUN))
    assert remove_expired(layout, keep_days=1, now=datetime(2030, 1, 1, tzinfo=UTC)) == []
    assert merge_segments(layout, at=1) is None
    assert path.exists()
    os.close(held)


def test_small_segments_become_one(layout: Layout) -> None:
    some(layout, 9)
    before = calls(layout)
    assert merge_segments(layout, at=10) is None
    merged = merge_segments(layout, at=9)
    assert layout.sealed_files() == [merged]
    assert calls(layout) == before
    assert merged is not None
    assert read_info(merged).calls == 36
    assert merged.stat().st_mode & 0o777 == 0o600
    some(layout, 2, run=OTHER)
    assert merge_segments(layout, at=2) is not None
    assert len(layout.sealed_files()) == 2, "what is merged is not merged again"


def test_segments_of_another_key_are_not_mixed_in(layout: Layout) -> None:
    some(layout, 3)
    other = sealed(layout, f"{OTHER}-00000001", log(3), key=bytes(32))
    merge_segments(layout, at=3)
    assert other in layout.sealed_files()
    assert {k.info.key for k in read_sealed(layout)} == {read_info(p).key for p in layout.sealed_files()}
    assert len(layout.sealed_files()) == 2


def test_killed_while_merging_each_call_is_there_once_after_the_next_time(tmp_path: Path) -> None:
    for at in range(30):
        layout = Layout(tmp_path / str(at))
        layout.create()
        some(layout, 4)
        before = calls(layout)
        with pytest.MonkeyPatch.context() as patch:
            reaper = Reaper(patch, at=at)
            with contextlib.suppress(Killed):
                merge_segments(layout, at=4)
        merge_segments(layout, at=4)
        assert calls(layout) == before, at
        if reaper.changes <= at:
            break
    else:
        pytest.fail("merging changes the disk more often than was tried")
