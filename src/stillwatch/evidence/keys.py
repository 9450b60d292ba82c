"""Signing keys: made with safe permissions, kept under a passphrase where one is given, never in a bundle."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import TIME_BYTES, Checkpoint, signed_message
from stillwatch.evidence.notes import Algorithm, Signature, VerifierKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name; ``verifier`` is its public half."""

    verifier: VerifierKey
    private_key: PrivateKey

    def sign(self, checkpoint: Checkpoint, *, time: int) -> Signature:
        """Sign a checkpoint; ``time`` is in POSIX seconds and only goes into cosignatures."""
        value = self.private_key.sign(signed_message(self.verifier, checkpoint, time))
        if self.verifier.algorithm is not Algorithm.ED25519:
            value = time.to_bytes(TIME_BYTES, "big") + value
        return Signature(self.verifier.name, self.verifier.key_id, value)


def new_signer(name: str, algorithm: Algorithm) -> Signer:
    """Make a key."""
    return _signer(
        name, algorithm, MLDSA44PrivateKey.generate() if _lattice(algorithm) else Ed25519PrivateKey.generate()
    )


def write_signer(path: Path, signer: Signer, *, passphrase: bytes | None = None) -> None:
    """Write a key as PKCS#8 PEM, mode 0600, in a folder of mode 0700. Raises EvidenceError if there is one already."""
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = signer.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise EvidenceError(f"{path}: there is a key already; rotate it instead of replacing it") from None
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def read_signer(
    path: Path, name: str, algorithm: Algorithm, *, passphrase: Callable[[], bytes] | None = None
) -> Signer:
    """Read a key. ``passphrase`` is only asked where the file needs one. Raises EvidenceError if it cannot be used."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise EvidenceError(f"{path}: the key is open to other users of this machine; run: chmod 600 {path}")
            pem = file.read()
    except OSError as error:
        raise EvidenceError(f"{path}: the signing key cannot be read: {error.strerror or error}") from error
    secret = None
    if b"ENCRYPTED" in pem:
        if passphrase is None:
            raise EvidenceError(f"{path}: the key has a passphrase; give it with --passphrase-file")
        secret = passphrase()
    try:
        key = serialization.load_pem_private_key(pem, secret)
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"{path}: not a private key, or another passphrase: {error}") from error
    wanted = MLDSA44PrivateKey if _lattice(algorithm) else Ed25519PrivateKey
    if not isinstance(key, wanted):
        raise EvidenceError(f"{path}: not an {algorithm.name} key")
    return _signer(name, algorithm, key)


def _signer(name: str, algorithm: Algorithm, key: PrivateKey) -> Signer:
    return Signer(VerifierKey(name, algorithm, key.public_key().public_bytes_raw()), key)


def _lattice(algorithm: Algorithm) -> bool:
    return algorithm is Algorithm.ML_DSA_44_COSIGNATURE
