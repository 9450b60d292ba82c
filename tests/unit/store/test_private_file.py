from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.store.private_file import create_private_file, read_private_file


def test_a_private_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret"
    create_private_file(path, lambda: b"first")
    create_private_file(path, lambda: b"second")
    assert read_private_file(path, most_bytes=100, called="it") == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_whoever_comes_second_reads_the_first_ones_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    def overtaken() -> bytes:
        path.write_bytes(b"theirs")
        path.chmod(0o600)
        return b"ours"

    create_private_file(path, overtaken)
    assert read_private_file(path, most_bytes=100, called="it") == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private_file(path, lambda: b"x")
    path.chmod(0o604)
    with pytest.raises(SettingsError, match="the cat is open to other users of this machine; run: chmod 600"):
        read_private_file(path, most_bytes=100, called="the cat")
