"""A witness's folder: name, keys and memory stay together."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, VerifierKey
from stillwatch.evidence.witness.keeping import open_witness
from witness_parties import LOG, NOW, FakeLog

VKEY = str(LOG.verifier)


def open_it(folder: Path, name: str | None = None, **more: object) -> list[VerifierKey]:
    return open_witness(folder, name, [VKEY], clock=lambda: NOW, **more)[1]  # type: ignore[arg-type]


def test_a_new_witness_gets_a_name_keys_and_a_memory_that_stay(tmp_path: Path) -> None:
    first = open_it(tmp_path / "w", "w.example/1")
    assert [(k.name, k.algorithm) for k in first] == [
        ("w.example/1", Algorithm.ED25519_COSIGNATURE),
        ("w.example/1", Algorithm.ML_DSA_44_COSIGNATURE),
    ]
    assert open_it(tmp_path / "w") == open_it(tmp_path / "w", "w.example/1") == first
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "w/keys").iterdir()}
    assert modes == {0o600}


def test_what_it_cosigned_is_remembered_over_a_restart(tmp_path: Path) -> None:
    log = FakeLog()
    witness, _ = open_witness(tmp_path, "w", [VKEY], clock=lambda: NOW)
    assert witness.add_checkpoint(log.body(0, 5)).status == 200
    again, _ = open_witness(tmp_path, None, [VKEY], clock=lambda: NOW)
    assert (again.add_checkpoint(log.body(0, 3)).status, again.add_checkpoint(log.body(5, 9)).status) == (409, 200)


def test_a_witness_that_lost_its_memory_does_not_start(tmp_path: Path) -> None:
    open_it(tmp_path, "w")
    (tmp_path / "memory.sqlite").unlink()
    with pytest.raises(EvidenceError, match="the memory of witness w is gone"):
        open_it(tmp_path)


def test_a_witness_keeps_its_name(tmp_path: Path) -> None:
    open_it(tmp_path, "w")
    with pytest.raises(EvidenceError, match="this witness is w"):
        open_it(tmp_path, "v")


@pytest.mark.parametrize("name", [None, "", "a b", "a+b", "a" * 256])
def test_a_new_witness_needs_a_proper_name(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(EvidenceError):
        open_it(tmp_path / "w", name)
    assert not (tmp_path / "w").exists()


def test_a_passphrase_protects_the_keys(tmp_path: Path) -> None:
    first = open_it(tmp_path, "w", passphrase=lambda: b"secret")
    assert open_it(tmp_path, passphrase=lambda: b"secret") == first
    for wrong in (None, lambda: b"other"):
        with pytest.raises(EvidenceError, match="passphrase"):
            open_it(tmp_path, passphrase=wrong)


@pytest.mark.parametrize(
    "key",
    [
        new_signer("l", Algorithm.ED25519_COSIGNATURE).verifier,
        new_signer("l" * 256, Algorithm.ED25519).verifier,
    ],
)
def test_a_key_that_cannot_be_a_log_s_is_refused(tmp_path: Path, key: VerifierKey) -> None:
    with pytest.raises(EvidenceError, match="not a log's key"):
        open_witness(tmp_path, "w", [str(key)], clock=lambda: NOW)
