"""The deployment's key file."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.store.key import KEY_BYTES, derive_key, read_or_create_key

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_makes_a_key_once_and_reads_it_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    key = read_or_create_key(path)
    assert len(key) == KEY_BYTES
    assert read_or_create_key(path) == key
    assert [p.name for p in path.parent.iterdir()] == ["key"]


def test_two_deployments_have_two_keys(tmp_path: Path) -> None:
    assert read_or_create_key(tmp_path / "a") != read_or_create_key(tmp_path / "b")


@posix
def test_only_the_owner_can_read_a_new_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    before = os.umask(0)
    try:
        read_or_create_key(path)
    finally:
        os.umask(before)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


@posix
@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o610])
def test_refuses_a_key_that_others_can_touch(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "key"
    read_or_create_key(path)
    path.chmod(bits)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_or_create_key(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_refuses_a_key_of_another_length(tmp_path: Path, size: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="32 bytes"):
        read_or_create_key(path)


def test_says_where_a_key_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="file"):
        read_or_create_key(tmp_path / "file" / "key")


def test_processes_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_or_create_key(path), range(32)))
    assert len(keys) == 1


def test_derived_keys_are_hmacs_and_differ_by_purpose_and_key() -> None:
    key = bytes(range(32))
    assert derive_key(key, "a") == hmac.new(key, b"stillwatch/1/a\x01", hashlib.sha256).digest()
    assert len({derive_key(key, "a"), derive_key(key, "b"), derive_key(bytes(32), "a")}) == 3
