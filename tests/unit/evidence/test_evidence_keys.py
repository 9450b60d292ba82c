"""Keys on disk: private, never replaced, locked where asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import new_signer, read_signer, write_signer
from stillwatch.evidence.notes import Algorithm

NAME = "example.com/log"


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_key_survives_the_disk(tmp_path: Path, algorithm: Algorithm, passphrase: bytes | None) -> None:
    signer = new_signer(NAME, algorithm)
    write_signer(tmp_path / "keys/one", signer, passphrase=passphrase)
    again = read_signer(tmp_path / "keys/one", NAME, algorithm, passphrase=lambda: b"correct horse")
    assert again.verifier == signer.verifier


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    write_signer(tmp_path / "keys/one", new_signer(NAME, Algorithm.ED25519))
    assert ((tmp_path / "keys/one").stat().st_mode & 0o777, (tmp_path / "keys").stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    write_signer(tmp_path / "one", new_signer(NAME, Algorithm.ED25519))
    (tmp_path / "one").chmod(0o640)
    with pytest.raises(EvidenceError, match="chmod 600"):
        read_signer(tmp_path / "one", NAME, Algorithm.ED25519)


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    write_signer(tmp_path / "one", new_signer(NAME, Algorithm.ED25519))
    before = (tmp_path / "one").read_bytes()
    with pytest.raises(EvidenceError, match="rotate"):
        write_signer(tmp_path / "one", new_signer(NAME, Algorithm.ED25519))
    assert (tmp_path / "one").read_bytes() == before


def test_a_passphrase_keeps_a_key_closed(tmp_path: Path) -> None:
    write_signer(tmp_path / "one", new_signer(NAME, Algorithm.ED25519), passphrase=b"correct horse")
    with pytest.raises(EvidenceError, match="--passphrase-file"):
        read_signer(tmp_path / "one", NAME, Algorithm.ED25519)
    with pytest.raises(EvidenceError, match="another passphrase"):
        read_signer(tmp_path / "one", NAME, Algorithm.ED25519, passphrase=lambda: b"wrong")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_signer(tmp_path / "one", new_signer(NAME, Algorithm.ED25519))
    with pytest.raises(EvidenceError, match="not an ML_DSA_44"):
        read_signer(tmp_path / "one", NAME, Algorithm.ML_DSA_44_COSIGNATURE)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nowhere"):
        read_signer(tmp_path / "nowhere", NAME, Algorithm.ED25519)
