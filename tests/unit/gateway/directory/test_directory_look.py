from __future__ import annotations

import os
from pathlib import Path

import pytest

from stillwatch.gateway.directory.look import YOUNG_SECONDS, look_at

CHANGED_AT = 1_790_000_000.0
NOW = CHANGED_AT + YOUNG_SECONDS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "directory.sqlite"
    write(made, b"pages")
    return made


def write(path: Path, content: bytes, *, at: float = CHANGED_AT) -> None:
    path.write_bytes(content)
    os.utime(path, (at, at))


def log_of(path: Path) -> Path:
    return path.with_name("directory.sqlite-wal")


def test_untouched_files_look_the_same(path: Path) -> None:
    write(log_of(path), b"frames")
    look = look_at(path, now=NOW)
    assert look is not None
    assert look_at(path, now=NOW + 60.0) == look


def test_a_change_of_size_time_or_file_of_either_shows(path: Path) -> None:
    write(log_of(path), b"frames")
    looks = [look_at(path, now=NOW)]
    for file in (path, log_of(path)):
        write(file, b"longer than it was")
        looks.append(look_at(path, now=NOW))
        write(file, b"longer than it was", at=CHANGED_AT - 1.0)
        looks.append(look_at(path, now=NOW))
        copy = file.with_name("copy")
        write(copy, b"longer than it was", at=CHANGED_AT - 1.0)
        copy.replace(file)
        looks.append(look_at(path, now=NOW))
    log_of(path).unlink()
    looks.append(look_at(path, now=NOW))
    assert None not in looks
    assert len(set(looks)) == len(looks) == 8


def test_a_young_file_does_not_tell(path: Path) -> None:
    assert look_at(path, now=NOW - 0.001) is None
    write(log_of(path), b"frames", at=CHANGED_AT + 1.0)
    assert look_at(path, now=NOW) is None


def test_a_database_that_is_gone_does_not_tell(path: Path) -> None:
    write(log_of(path), b"frames")
    path.unlink()
    assert look_at(path, now=NOW) is None
