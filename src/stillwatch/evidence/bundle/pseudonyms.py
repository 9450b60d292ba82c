"""Names that hold inside one bundle only, so that two bundles cannot be joined by them."""

from __future__ import annotations

import hmac
from hashlib import sha256

from stillwatch.store.key import derive_key

CALL_BYTES = 16
"""Among 2**32 calls, two that differ share a pseudonym of 128 bits with probability below 2**-64."""


class Pseudonyms:
    """HMAC-SHA256 under the campaign's key; a zero byte ends the kind, so no name of one kind is one of another."""

    def __init__(self, campaign_key: bytes) -> None:
        self.key = campaign_key

    @classmethod
    def of(cls, deployment_key: bytes, campaign: str) -> Pseudonyms:
        """Return the pseudonyms of a campaign of this deployment."""
        return cls(derive_key(deployment_key, f"evidence/campaign/{campaign}"))

    @property
    def commitment(self) -> str:
        """What the manifest says of the key, in hex: an auditor who is shown the key can tell that it is the one."""
        return sha256(b"stillwatch campaign key\n" + self.key).hexdigest()

    def account(self, name: str) -> str:
        """Return an account's pseudonym, 32 bytes in hex."""
        return self._of("account", name).hex()

    def call(self, call_id: str) -> str:
        """Return a call's pseudonym, 16 bytes in hex: two calls of one id show as one."""
        return self._of("call", call_id)[:CALL_BYTES].hex()

    def observable(self, signal: str, value: str) -> str:
        """Return the pseudonym of what accounts share, 16 bytes in hex."""
        return self._of("observable", f"{signal}\0{value}")[:CALL_BYTES].hex()

    def _of(self, kind: str, text: str) -> bytes:
        return hmac.digest(self.key, kind.encode() + b"\0" + text.encode(), "sha256")
