"""The deployment's secret key: made at first use, kept where only its owner reads it."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import SettingsError

KEY_BYTES = 32
"""The security level of HMAC-SHA256, of which all other keys are derived."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_or_create_key(path: Path) -> bytes:
    """Read the key at ``path``, or make one there: 32 random bytes, mode 0600, in a folder of mode 0700.

    Raises SettingsError if the file is readable by others, is not 32 bytes long, or cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
        return _read(path)
    except OSError as error:
        raise SettingsError(f"{path}: the key cannot be read or made: {error.strerror or error}") from error


def derive_key(key: bytes, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose: HMAC-SHA256 (RFC 2104), as the expand step of HKDF (RFC 5869)."""
    return hmac.new(key, b"stillwatch/1/" + purpose.encode() + b"\x01", sha256).digest()


def _create(path: Path) -> None:
    # 1. Write a private file.  A crash here leaves a stray temporary file and no key.
    # 2. Link it into place.    Atomic, and fails if another process was first: then theirs is read.
    # 3. Remove the first name. A crash here leaves a second name for the same key, mode 0600.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
            raise SettingsError(f"{path}: the key is open to other users of this machine; run: chmod 600 {path}")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"{path}: a key has {KEY_BYTES} bytes, this file {'more' if len(key) > KEY_BYTES else len(key)}; "
            "restore it from a copy, or move it away to start with a new key (old fingerprints will not match)"
        )
    return key
