"""Values that could lead to a person, as keyed hashes: only holders of a group's key can compare them.

A plain or unsalted hash of an address, card or device can be found by trying values; without the key this one cannot.
Members of a group can still try values against each other's lists: who holds the key is trusted with that.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import SettingsError
from stillwatch.sharing.nouns import Kind
from stillwatch.store.key import derive_key, read_or_create_key


@dataclass(frozen=True)
class GroupKey:
    """A key that the members of one sharing group hold; ``id`` names it and gives nothing away."""

    secret: bytes

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits, derived one way from the key."""
        return derive_key(self.secret, "sharing/id")[:8].hex()

    def hash(self, kind: Kind, value: str) -> str:
        """Return HMAC-SHA256 of kind and value in hexadecimal."""
        return hmac.new(derive_key(self.secret, f"sharing/{kind}"), value.encode(), sha256).hexdigest()


def read_group_key(path: Path) -> GroupKey:
    """Read a group's key. Raises SettingsError for a file that is not there, is none, or that others can read."""
    if not path.exists():
        raise SettingsError(
            f"{path}: no group key; get it from the group, or begin one: stillwatch share group-key {path}"
        )
    return GroupKey(read_or_create_key(path))


def make_group_key(path: Path) -> GroupKey:
    """Make a group's key; one that is there stays. Raises SettingsError."""
    return GroupKey(read_or_create_key(path))
