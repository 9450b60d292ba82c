"""Who acts in a register: each person a key of their own (Ed25519, RFC 8032), which signs every change they make.

What is signed is the change with its place: register, entry, and the leaf before it. So no change can be moved, and
whoever lets an entry be published has signed the whole history that led there.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillwatch.errors import EvidenceError, RegistryError
from stillwatch.evidence.keys import Signer, new_signer, read_signer, write_signer
from stillwatch.evidence.notes import Algorithm, VerifierKey, decode_base64
from stillwatch.registry.changes import Signed

HEAD = "stillwatch.register-change/1"
"""First line of what is signed: no signature of a change is one of a checkpoint, or the other way round."""
PUBLIC = ".vkey"
"""Behind the name of a key's file: the public half, to be given to others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change stands: the register's origin, the entry, and the bytes of the entry's leaf before it, if any."""

    register: str
    entry: str
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a key."""

    signer: Signer

    @property
    def name(self) -> str:
        """What the register calls them."""
        return self.signer.verifier.name

    @property
    def key(self) -> str:
        """The public key with its name (C2SP vkey)."""
        return str(self.signer.verifier)

    def sign(self, signed: Signed, place: Place) -> Signed:
        """Return the change as made by this actor, signed for its place."""
        mine = replace(signed, by=self.name, key=self.key, signature="")
        value = self.signer.private_key.sign(signed_bytes(mine, place))
        return replace(mine, signature=base64.b64encode(value).decode())


def signed_bytes(signed: Signed, place: Place) -> bytes:
    """Return what is signed: head, register, entry, SHA-256 of the leaf before (or a dash), and the change."""
    after = "-" if place.after is None else sha256(place.after).hexdigest()
    text = replace(signed, signature="").text()
    return f"{HEAD}\n{place.register}\n{place.entry}\n{after}\n{text}".encode()


def check_signature(signed: Signed, place: Place) -> None:
    """Raise RegistryError unless the change is signed by the key it names, for this place."""
    try:
        key = VerifierKey.parse(signed.key)
        if key.name != signed.by or key.algorithm is not Algorithm.ED25519:
            raise RegistryError(f"{place.entry}: the key is not an Ed25519 key of {signed.by}")
        value = decode_base64(signed.signature, what="the signature")
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(value, signed_bytes(signed, place))
    except (EvidenceError, InvalidSignature) as problem:
        raise RegistryError(f"{place.entry}: the signature by {signed.by} does not hold {problem}".rstrip()) from None


def make_actor(path: Path, name: str, *, passphrase: bytes | None = None) -> Actor:
    """Make a person's key and write both halves. Raises EvidenceError for a name with spaces, or if there is one."""
    signer = new_signer(name, Algorithm.ED25519)
    # 1. The private half.  A crash here: the file has to be removed by hand; nobody knows the key yet.
    write_signer(path, signer, passphrase=passphrase)
    # 2. The public half.
    _public(path).write_text(f"{signer.verifier}\n", encoding="utf-8")
    return Actor(signer)


def read_actor(path: Path, *, passphrase: Callable[[], bytes] | None = None) -> Actor:
    """Read a person's key. Raises RegistryError if there is none, EvidenceError if it cannot be used."""
    try:
        known = VerifierKey.parse(_public(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise RegistryError(
            f"{_public(path)}: cannot be read: {problem}; whoever changes a register signs with a key of their own, "
            "made once: stillwatch register actor NAME"
        ) from None
    signer = read_signer(path, known.name, known.algorithm, passphrase=passphrase)
    if signer.verifier != known:
        raise RegistryError(f"{path}: another key than the one that {_public(path).name} names")
    return Actor(signer)


def _public(path: Path) -> Path:
    return path.with_name(path.name + PUBLIC)
