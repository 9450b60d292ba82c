"""The deployment's secret key: made at first use, kept where only its owner reads it."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import SettingsError
from stillwatch.store.private_file import create_private_file, read_private_file

KEY_BYTES = 32
"""The security level of HMAC-SHA256, of which all other keys are derived."""


def read_or_create_key(path: Path) -> bytes:
    """Read the key at ``path``, or make one there: 32 random bytes, mode 0600, in a folder of mode 0700.

    Raises SettingsError if the file is readable by others, is not 32 bytes long, or cannot be read or made.
    """
    try:
        create_private_file(path, lambda: secrets.token_bytes(KEY_BYTES))
        return _read(path)
    except OSError as error:
        raise SettingsError(f"{path}: the key cannot be read or made: {error.strerror or error}") from error


def derive_key(key: bytes, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose: HMAC-SHA256 (RFC 2104), as the expand step of HKDF (RFC 5869)."""
    return hmac.new(key, b"stillwatch/1/" + purpose.encode() + b"\x01", sha256).digest()


def _read(path: Path) -> bytes:
    key = read_private_file(path, most_bytes=KEY_BYTES + 1, called="the key")
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"{path}: a key has {KEY_BYTES} bytes, this file {'more' if len(key) > KEY_BYTES else len(key)}; "
            "restore it from a copy, or move it away to start with a new key (old fingerprints will not match)"
        )
    return key
