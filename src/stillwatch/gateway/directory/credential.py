"""What a caller holds: ``sw-<id>-<secret>``. The id is public; of the secret only a salted hash is kept."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: five bits a character, nothing that reads like something else."""
ID_CHARACTERS = 12
"""60 bits: among 10^7 keys two ids meet with a chance of 4 in 100,000, and then issuing fails and is tried again."""
SECRET_CHARACTERS = 40
"""200 bits. From 112 bits of entropy on, a salted hash needs no slow function (NIST SP 800-63B-4, look-up secrets)."""
SALT_BYTES = 16
"""128 bits, so that no two hashes share one."""
HASH_BYTES = sha256().digest_size
PREFIX = "sw-"

_CREDENTIAL = re.compile(rf"{PREFIX}([{ALPHABET}]{{{ID_CHARACTERS}}})-([{ALPHABET}]{{{SECRET_CHARACTERS}}})", re.ASCII)
_KEY_ID = re.compile(rf"{PREFIX}([{ALPHABET}]{{{ID_CHARACTERS}}})(?:-[{ALPHABET}]{{{SECRET_CHARACTERS}}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential taken apart. Its representation does not show the secret."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({PREFIX}{self.id}-…)"

    @property
    def text(self) -> str:
        """The whole credential, as its holder sends it: shown once, never kept."""
        return f"{PREFIX}{self.id}-{self.secret}"


NOBODY = Credential("0" * ID_CHARACTERS, "0" * SECRET_CHARACTERS)
"""Stands in for what is not a credential, so that refusing it takes the same steps."""


def make_credential() -> Credential:
    """Make a new credential from the system's random source."""
    return Credential(_random(ID_CHARACTERS), _random(SECRET_CHARACTERS))


def parse_credential(text: str) -> Credential | None:
    """Take a credential apart; None if it is not exactly one. Never raises, whatever the text."""
    found = _CREDENTIAL.fullmatch(text)
    return Credential(found[1], found[2]) if found else None


def parse_key_id(text: str) -> str | None:
    """Return the id in ``sw-<id>``, or in a whole credential that somebody pasted; None if it is neither."""
    found = _KEY_ID.fullmatch(text)
    return found[1] if found else None


def make_salt() -> bytes:
    """Make a salt from the system's random source."""
    return secrets.token_bytes(SALT_BYTES)


def hash_secret(salt: bytes, secret: str) -> bytes:
    """Return what is kept of a secret: SHA-256 (FIPS 180-4) over salt and secret."""
    return sha256(salt + secret.encode()).digest()


def is_secret(secret: str, *, salt: bytes, hashed: bytes) -> bool:
    """Answer whether the secret hashes to this, in a time that does not depend on where they differ."""
    return hmac.compare_digest(hash_secret(salt, secret), hashed)


def _random(characters: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))
