"""Keyed hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.sharing.keyed import GroupKey, make_group_key, read_group_key
from stillwatch.sharing.nouns import Kind


def test_equal_values_meet_under_one_key_and_under_no_other() -> None:
    one, other = GroupKey(b"1" * 32), GroupKey(b"2" * 32)
    assert one.hash(Kind.DEVICE, "x") == GroupKey(b"1" * 32).hash(Kind.DEVICE, "x")
    assert one.hash(Kind.DEVICE, "x") != other.hash(Kind.DEVICE, "x")
    assert one.hash(Kind.DEVICE, "x") != one.hash(Kind.PAYMENT, "x")
    assert one.id != other.id


def test_a_key_is_made_once_and_its_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys/group"
    with pytest.raises(SettingsError, match="no group key"):
        read_group_key(path)
    assert make_group_key(path) == read_group_key(path) == make_group_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
