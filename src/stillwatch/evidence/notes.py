"""Signed notes (C2SP signed-note v1.0.0): a text and signatures by named keys, and the vkeys that name the keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from stillwatch.errors import EvidenceError

DASH = "— "
"""EM DASH (U+2014) and a space, before every signature."""
KEY_ID_BYTES = 4
MAX_SIGNATURES = 64
"""A verifier must accept at least 16 signatures; more than this is an attack on its time."""


class Algorithm(IntEnum):
    """Signature types (signed-note, "Signature types") of the keys that this package can check."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06


PUBLIC_KEY_BYTES = {Algorithm.ED25519: 32, Algorithm.ED25519_COSIGNATURE: 32, Algorithm.ML_DSA_44_COSIGNATURE: 1312}
"""RFC 8032; FIPS 204, table 2."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: what a vkey line says."""

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES[self.algorithm]:
            raise EvidenceError(f"vkey {self.name}: a key of {len(self.public_key)} bytes is no {self.algorithm.name}")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || public key), the first four bytes."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        """Return the vkey line: name+key id+base64(type || public key)."""
        return f"{self.name}+{self.key_id.hex()}+{_encode(bytes([self.algorithm]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey line. Raises EvidenceError if it is malformed, of an unknown type, or its id does not fit."""
        parts = text.strip().split("+", 2)  # base64 has + too
        if len(parts) != 3:
            raise EvidenceError(f"vkey {text[:60]!r}: not name+id+key")
        raw = decode_base64(parts[2], what=f"vkey {parts[0]}")
        try:
            algorithm = Algorithm(raw[0])
        except (IndexError, ValueError):
            raise EvidenceError(f"vkey {parts[0]}: unknown signature type; known: 1, 4 and 6") from None
        key = cls(parts[0], algorithm, raw[1:])
        if key.key_id.hex() != parts[1]:
            raise EvidenceError(f"vkey {parts[0]}: its id is {key.key_id.hex()}, not {parts[1]}: it was altered")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who claims it, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        """Return the line without its newline."""
        return f"{DASH}{self.name} {_encode(self.key_id + self.value)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and its signature lines."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        """Return the note as it is stored and sent."""
        return self.text + "\n" + "".join(f"{s}\n" for s in self.signatures)

    def by(self, keys: Iterable[VerifierKey]) -> list[tuple[VerifierKey, Signature]]:
        """Return the signatures that claim to be by these keys, in the note's order; the others are ignored."""
        known = {(k.name, k.key_id): k for k in keys}
        return [(known[s.name, s.key_id], s) for s in self.signatures if (s.name, s.key_id) in known]

    def signed(self, signatures: Sequence[Signature]) -> Note:
        """Return the note with further signatures."""
        return Note(self.text, (*self.signatures, *signatures))


def parse_note(data: bytes) -> Note:
    """Read a note. Raises EvidenceError if it is malformed."""
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise EvidenceError("a signed note: not UTF-8") from None
    if any(c < " " and c != "\n" for c in whole):
        raise EvidenceError("a signed note: a control character other than a newline")
    at = whole.rfind("\n\n")
    if at < 0:
        raise EvidenceError("a signed note: no empty line between text and signatures")
    lines = whole[at + 2 :].split("\n")
    if lines.pop() or not lines:
        raise EvidenceError("a signed note: no signatures, or the last line does not end")
    if len(lines) > MAX_SIGNATURES:
        raise EvidenceError(f"a signed note: {len(lines)} signatures, more than {MAX_SIGNATURES}")
    return Note(whole[: at + 1], tuple(parse_signature(line) for line in lines))


def parse_signature(line: str) -> Signature:
    """Read one signature line. Raises EvidenceError if it is malformed."""
    name, space, value = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise EvidenceError(f"a signature line: {line[:60]!r} is not '— name base64'")
    check_name(name)
    raw = decode_base64(value, what=f"the signature by {name}")
    if len(raw) <= KEY_ID_BYTES:
        raise EvidenceError(f"the signature by {name}: too short")
    return Signature(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def check_name(name: str) -> None:
    """Raise EvidenceError unless this may name a key: not empty, no white space, no plus."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise EvidenceError(f"key name {name[:60]!r}: empty, or has white space or a plus")


def decode_base64(text: str, *, what: str) -> bytes:
    """Decode padded standard base64 (RFC 4648 section 4), refusing every other spelling of the same bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError(f"{what}: not base64") from None
    if _encode(raw) != text:
        raise EvidenceError(f"{what}: base64 with stray bits")
    return raw


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
