"""The keys of a log over its life."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keyset import KeySet, read_passphrase


def test_what_was_written_is_read(tmp_path: Path) -> None:
    made = KeySet.create(tmp_path, origin="a.example/log", ml_dsa=True)
    coming = made.prepare(7, ml_dsa=False, passphrase=None)
    assert KeySet.read(tmp_path) == coming
    assert [s.verifier for s in coming.signers([*coming.current, *coming.coming])] == [*made.current, *coming.coming]
    after = coming.switch()
    assert KeySet.read(tmp_path) == after
    assert [(k.since, k.retired) for k in after.known] == [(0, 7), (0, 7), (7, None)]
    assert after.every[:2] == made.current


def test_keys_that_never_came_are_removed(tmp_path: Path) -> None:
    made = KeySet.create(tmp_path)
    assert made.prepare(7, ml_dsa=True, passphrase=None).abandon() == made
    assert len(list(tmp_path.glob("*.pem"))) == 1


def test_two_logs_without_a_name_have_different_ones(tmp_path: Path) -> None:
    assert KeySet.create(tmp_path / "a").origin != KeySet.create(tmp_path / "b").origin


def test_private_keys_are_their_owner_s_only(tmp_path: Path) -> None:
    KeySet.create(tmp_path / "keys", ml_dsa=True)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "keys").glob("*.pem")} == {0o600}


def test_a_key_under_another_s_name_is_refused(tmp_path: Path) -> None:
    made, other = KeySet.create(tmp_path / "a", origin="n"), KeySet.create(tmp_path / "b", origin="n")
    (mine,), (theirs,) = made.current, other.current
    (tmp_path / f"b/{theirs.key_id.hex()}.pem").replace(tmp_path / f"a/{mine.key_id.hex()}.pem")
    with pytest.raises(EvidenceError, match="another key"):
        made.signers([mine])


@pytest.mark.parametrize("text", ["", "[]", '{"origin":"x"}', '{"origin":"x","keys":[{"vkey":"x"}]}'])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "vkeys.json").write_text(text)
    with pytest.raises(EvidenceError, match=r"restore it|vkey"):
        KeySet.read(tmp_path)


def test_a_passphrase_is_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"one two\r\nthree\n")
    assert read_passphrase(path) == b"one two"
    path.write_bytes(b"\nthree")
    with pytest.raises(EvidenceError, match="empty"):
        read_passphrase(path)
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_passphrase(tmp_path / "none")
