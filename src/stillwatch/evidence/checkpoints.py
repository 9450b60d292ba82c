"""Checkpoints (C2SP tlog-checkpoint v1.0.0) and what is signed of them by a log and by witnesses (tlog-cosignature)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import Algorithm, Note, Signature, VerifierKey, decode_base64, parse_note
from stillwatch.evidence.numbers import parse_number
from stillwatch.evidence.tree import HASH_BYTES

TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed tree head: which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text, with its final newline."""
        return "\n".join([self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions, ""])

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text. Raises EvidenceError if another text would mean the same, or it is malformed."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise EvidenceError("a checkpoint: not origin, size and root, each on a line")
        origin, size, root, *extensions = lines[:-1]
        entries = parse_number(size, what=f"checkpoint of {origin}: the size")
        raw = decode_base64(root, what=f"checkpoint of {origin}: the root")
        if len(raw) != HASH_BYTES:
            raise EvidenceError(f"checkpoint of {origin}: the root has {len(raw)} bytes, not {HASH_BYTES}")
        return cls(origin, entries, raw, tuple(extensions))


def signed_message(key: VerifierKey, checkpoint: Checkpoint, time: int) -> bytes:
    """Return the bytes that a key of this type signs; ``time`` (POSIX seconds) only counts for cosignatures."""
    if key.algorithm is Algorithm.ED25519:
        return checkpoint.text.encode()
    if key.algorithm is Algorithm.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{checkpoint.text}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    if max(len(name), len(origin)) > 255:
        raise EvidenceError(f"{key.name}: an ML-DSA-44 cosigner and its log have names up to 255 bytes")
    return b"".join(
        [
            b"subtree/v1\n\0",
            bytes([len(name)]), name, time.to_bytes(TIME_BYTES, "big"),
            bytes([len(origin)]), origin,
            (0).to_bytes(8, "big"), checkpoint.size.to_bytes(8, "big"), checkpoint.root,
        ]
    )  # fmt: skip


def verify_signature(key: VerifierKey, checkpoint: Checkpoint, signature: Signature) -> int | None:
    """Check one signature by a known key; return its time in POSIX seconds, None for a type that carries none.

    Raises EvidenceError if it does not hold.
    """
    time, value = None, signature.value
    if key.algorithm is not Algorithm.ED25519:
        time, value = int.from_bytes(value[:TIME_BYTES], "big"), value[TIME_BYTES:]
        if not 0 < time < 1 << 63:
            raise EvidenceError(f"the cosignature by {key.name}: its time is out of range")
    message = signed_message(key, checkpoint, time or 0)
    try:
        if key.algorithm is Algorithm.ML_DSA_44_COSIGNATURE:
            MLDSA44PublicKey.from_public_bytes(key.public_key).verify(value, message)
        else:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(value, message)
    except InvalidSignature:
        raise EvidenceError(
            f"checkpoint of {checkpoint.origin}, size {checkpoint.size}: the signature by {key.name} does not hold"
        ) from None
    return time


def open_checkpoint(data: bytes, log_keys: Iterable[VerifierKey]) -> tuple[Checkpoint, Note]:
    """Read a checkpoint that at least one of the log's keys signed.

    Signatures by unknown keys are ignored; one by a known key that does not hold refuses the whole. Raises
    EvidenceError for that, where no known key signed, or where the text is malformed.
    """
    note = parse_note(data)
    checkpoint = Checkpoint.parse(note.text)
    mine = note.by(log_keys)
    for key, signature in mine:
        if key.name != checkpoint.origin:
            raise EvidenceError(f"checkpoint of {checkpoint.origin}: signed by {key.name}, a key of another log")
        verify_signature(key, checkpoint, signature)
    if not mine:
        signers = ", ".join(s.name for s in note.signatures)
        raise EvidenceError(f"checkpoint of {checkpoint.origin}: none of the known keys signed it (only {signers})")
    return checkpoint, note
