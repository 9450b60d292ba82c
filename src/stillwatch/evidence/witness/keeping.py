"""A witness's folder: its name, its keys and its memory, which must stay together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.keys import Signer, new_signer, read_signer, write_signer
from stillwatch.evidence.notes import Algorithm, VerifierKey, check_name
from stillwatch.evidence.quorum import LOG_ALGORITHMS, WITNESS_ALGORITHMS
from stillwatch.evidence.witness.memory import Memory
from stillwatch.evidence.witness.witness import Witness

KEY_FILES = {Algorithm.ED25519_COSIGNATURE: "ed25519.pem", Algorithm.ML_DSA_44_COSIGNATURE: "ml-dsa-44.pem"}
MAX_NAME_BYTES = 255
"""Of a cosigner and of an origin in an ML-DSA-44 cosignature (tlog-cosignature)."""


def open_witness(
    folder: Path,
    name: str | None,
    logs: Sequence[str],
    *,
    clock: Callable[[], float],
    passphrase: Callable[[], bytes] | None = None,
) -> tuple[Witness, list[VerifierKey]]:
    """Open the witness in ``folder``, or make one with the name given; return it with its public keys.

    ``logs``: the vkeys of the logs to follow, one or two for each log. Raises EvidenceError if the memory is gone, the
    name is another than before, or a vkey cannot be a log's.
    """
    keys = [_log_key(vkey) for vkey in logs]
    name = _name(folder, name)
    memory, key_files = folder / "memory.sqlite", [folder / "keys" / file for file in KEY_FILES.values()]
    # A witness without its memory would cosign a smaller tree than before, or a fork.
    if not memory.exists() and any(path.exists() for path in key_files):
        raise EvidenceError(
            f"{memory}: the memory of witness {name} is gone, so it could be made to contradict itself. Bring the "
            "latest copy back, or retire its keys and start a new witness in an empty folder, under a new name"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # 1. Memory.  A crash here leaves a memory without keys: the next start makes them.
    Memory(memory)
    # 2. Keys.
    signers = [_signer(folder / "keys" / KEY_FILES[a], name, a, passphrase) for a in WITNESS_ALGORITHMS]
    return Witness(folder, signers, keys, clock=clock), [s.verifier for s in signers]


def _name(folder: Path, name: str | None) -> str:
    path = folder / "name"
    kept = path.read_text("utf-8").strip() if path.exists() else None
    if kept is None:
        if name is None:
            raise EvidenceError(f"{folder}: no witness yet; give it a name with --name, such as witness.example.org/w1")
        check_name(name)
        if len(name.encode()) > MAX_NAME_BYTES:
            raise EvidenceError(f"witness name {name[:40]!r}…: more than {MAX_NAME_BYTES} bytes")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, f"{name}\n".encode(), durable=True)
        return name
    if name not in {None, kept}:
        raise EvidenceError(f"{path}: this witness is {kept}; a witness keeps its name as long as its keys")
    return kept


def _signer(path: Path, name: str, algorithm: Algorithm, passphrase: Callable[[], bytes] | None) -> Signer:
    if not path.exists():
        write_signer(path, new_signer(name, algorithm), passphrase=passphrase() if passphrase else None)
    return read_signer(path, name, algorithm, passphrase=passphrase)


def _log_key(vkey: str) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.algorithm not in LOG_ALGORITHMS or len(key.name.encode()) > MAX_NAME_BYTES:
        raise EvidenceError(f"--log {key.name[:60]}: not a log's key (type 1 or 6, name up to {MAX_NAME_BYTES} bytes)")
    return key
