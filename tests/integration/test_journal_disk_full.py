"""A journal on a disk that really is full: refused or shed, loudly, nothing torn, and well again afterwards."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from journals import LineSeal, asked, sealed_ids, settings
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.seal import seal_journal
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.ports import JournalFull

MIB = 1 << 20
SRC = Path(__file__).parents[2] / "src"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 1 MiB; skipped where this user may not."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(writer: JournalWriter, *, start: int = 0) -> list[str]:
    """Admit and end calls of 10 kB until there is no room; return those admitted."""
    admitted = []
    for number in range(start, start + 1_000):
        try:
            writer.admit(f"c{number}", asked(prompt="x" * 10_000))
        except JournalFull:
            return admitted
        admitted.append(f"c{number}")
        writer.finish(f"c{number}", {"status": 200})
    pytest.fail("the disk never was full")


def test_a_full_file_system_refuses_and_loses_nothing_it_admitted(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(MIB // 2))
    writer = JournalWriter(settings(small_disk))
    admitted = fill(writer)
    assert 10 < len(admitted) < 60
    assert writer.problem == "No space left on device"
    with pytest.raises(JournalFull):
        writer.admit("again", asked(prompt="x" * 10_000))
    ballast.unlink()
    more = fill(writer, start=1_000)
    assert len(more) > 30
    assert "calls are refused" in caplog.text
    assert "is written again" in caplog.text
    writer.close()
    for path in Layout(settings(small_disk).folder).wal.iterdir():
        (small_disk.parent / path.name).write_bytes(path.read_bytes())
    copy = Layout(small_disk.parent / "copy")
    copy.create()
    for path in small_disk.parent.glob("*.wal"):
        path.rename(copy.wal / path.name)
    done = seal_journal(copy, LineSeal())
    assert sealed_ids(copy) == dict.fromkeys(admitted + more, 1)
    assert (done.torn_bytes, done.lost_bytes) == (0, 0)


def test_a_full_file_system_sheds_where_that_is_set(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(MIB * 3 // 4))
    writer = JournalWriter(settings(small_disk, when_disk_full="shed"))
    for number in range(60):
        writer.admit(f"c{number}", asked(prompt="x" * 10_000))
        writer.finish(f"c{number}", {"status": 200})
    assert writer.counts.shed > 30
    assert writer.counts.admitted + writer.counts.shed == 60
    (small_disk / "ballast").unlink()
    writer.admit("after", asked())
    writer.close()
    seal_journal(Layout(settings(small_disk).folder), LineSeal())
    assert len(sealed_ids(Layout(settings(small_disk).folder))) == writer.counts.admitted


def test_a_sealing_without_room_leaves_everything_to_be_sealed_later(small_disk: Path) -> None:
    writer = JournalWriter(settings(small_disk))
    admitted = fill(writer)
    writer.close()
    layout = Layout(settings(small_disk).folder)
    with pytest.raises(Exception, match=r"No space left on device.*nothing is lost"):
        seal_journal(layout, LineSeal())
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    seal_journal(layout, LineSeal())
    assert sealed_ids(layout) == dict.fromkeys(admitted, 1)


LIMITED = """
import resource, sys
from pathlib import Path
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.ports import JournalFull
from stillwatch.gateway.settings import Journal

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
writer = JournalWriter(Journal(folder=Path(sys.argv[1]), fsync_seconds=0.01))
admitted, refused = 0, 0
for number in range(300):
    if number == 200:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        writer.admit(f"c{number}", {"account": "a", "started_at": 1.0, "model": "m", "prompt": "x" * 1_000})
    except JournalFull:
        refused += 1
    else:
        admitted += 1
        writer.finish(f"c{number}", {"status": 200})
writer.close()
print(admitted, refused)
"""


def test_a_file_that_may_not_grow_refuses_and_is_well_again(tmp_path: Path) -> None:
    """What any user can test: the limit on a file's size cuts the write that crosses it short, as a full disk does."""
    assert resource.RLIMIT_FSIZE
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "journal")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "PYTHONPATH": str(SRC)}
    )
    admitted, refused = map(int, done.stdout.split())
    assert refused > 50
    assert admitted > 150
    layout = Layout(tmp_path / "journal")
    sealed = seal_journal(layout, LineSeal())
    assert len(sealed_ids(layout)) == admitted
    assert set(sealed_ids(layout).values()) == {1}
    assert (sealed.partial, sealed.torn_bytes, sealed.lost_bytes) == (0, 0, 0)
