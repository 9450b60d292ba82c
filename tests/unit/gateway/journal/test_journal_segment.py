import errno
import os
from pathlib import Path

import pytest

from stillwatch.gateway.journal.segment import OpenSegment, open_segment


@pytest.fixture
def segment(tmp_path: Path) -> OpenSegment:
    return open_segment(tmp_path / "0123456789abcdef-00000001.open", header=b"head", now=5.0)


def test_frames_follow_the_header(segment: OpenSegment) -> None:
    segment.append(b"one")
    segment.append(b"two")
    assert segment.path.read_bytes() == b"headonetwo"
    assert segment.size == 10
    assert segment.path.stat().st_mode & 0o777 == 0o600


def test_a_frame_that_was_written_in_part_is_undone(segment: OpenSegment, monkeypatch: pytest.MonkeyPatch) -> None:
    segment.append(b"one")
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:2]))
    with pytest.raises(OSError, match="No space") as problem:
        segment.append(b"long frame")
    assert problem.value.errno == errno.ENOSPC
    monkeypatch.undo()
    segment.append(b"two")
    assert segment.path.read_bytes() == b"headonetwo"


def test_a_retired_segment_is_closed_and_named_so(segment: OpenSegment) -> None:
    segment.retire()
    assert [p.suffix for p in segment.path.parent.iterdir()] == [".wal"]
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(segment.handle)


def test_it_is_closed_and_named_also_when_the_disk_fails(segment: OpenSegment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="gone"):
        segment.retire()
    assert [p.suffix for p in segment.path.parent.iterdir()] == [".wal"]


def test_without_room_for_the_header_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda _handle, _data: 1)
    with pytest.raises(OSError, match="No space"):
        open_segment(tmp_path / "s.open", header=b"head", now=0.0)
    assert not list(tmp_path.iterdir())


def test_a_name_is_used_once(segment: OpenSegment) -> None:
    with pytest.raises(FileExistsError):
        open_segment(segment.path, header=b"", now=0.0)
