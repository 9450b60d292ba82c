"""The admin token: made at first use, read by whoever may read its file, compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import SettingsError
from stillwatch.store.private_file import create_private_file, read_private_file

PREFIX = "swadmin-"
"""No caller's key begins so, and no admin token begins as a caller's key."""
TOKEN_BYTES = 32
MAX_FILE_BYTES = 1024
MIN_CHARACTERS = 32
"""Of a token that somebody wrote by hand: 128 bits even in hexadecimal."""


def read_or_create_token(path: Path) -> str:
    """Read the token at ``path``, or make one there, mode 0600. Raises SettingsError."""
    try:
        create_private_file(path, _make_token)
        raw = read_private_file(path, most_bytes=MAX_FILE_BYTES, called="the admin token")
    except OSError as problem:
        raise SettingsError(f"{path}: the admin token cannot be read or made: {problem.strerror}") from problem
    token = raw.decode("latin-1").strip()
    if len(token) < MIN_CHARACTERS or not token.isascii():
        raise SettingsError(f"{path}: not an admin token; remove the file, and a new one is made")
    return token


def is_token(authorization: bytes, token: str) -> bool:
    """Answer whether an ``authorization`` header carries the token.

    Hashes are compared, so that neither content nor length shows in the time.
    """
    scheme, _, given = authorization.partition(b" ")
    same = hmac.compare_digest(sha256(given.strip()).digest(), sha256(token.encode()).digest())
    return same and scheme.lower() == b"bearer"


def _make_token() -> bytes:
    return f"{PREFIX}{secrets.token_hex(TOKEN_BYTES)}\n".encode()
