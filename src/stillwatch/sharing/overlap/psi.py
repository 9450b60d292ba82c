"""OpenMined's PSI under our keys: ECDH over P-256 (Meadows 1986; Huberman, Franklin and Hogg 1999), no approximation.

A key is of one pair of hosts, one agreement and one period: what was masked in another period, or for another partner,
cannot be compared with it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from stillwatch.errors import SettingsError, SharingError
from stillwatch.sharing.overlap.agreement import Agreement
from stillwatch.store.key import derive_key

try:
    import private_set_intersection.python as psi
except ImportError:  # pragma: no cover - tests that need it are skipped
    psi = None

POINT_BYTES = 33
"""A compressed point of P-256."""
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2, secp256r1): a key is from 1 to one less."""


def require_psi() -> None:
    """Raise SettingsError if the library is not installed."""
    if psi is None:
        raise SettingsError(
            "share overlap needs a library that is not installed; run: pip install 'stillwatch[overlap]'"
        )


def pair_key(secret: bytes, agreement: Agreement, partner: str, period: int) -> bytes:
    """Return our key for a partner in a period of an agreement; nobody else can make it."""
    for attempt in range(8):
        key = derive_key(secret, f"sharing/overlap/{agreement.digest}/{partner}/{period}/{attempt}")
        if 0 < int.from_bytes(key, "big") < ORDER:
            return key
    raise SharingError("no key could be derived")  # one chance in 2^256


@dataclass(frozen=True)
class Asking:
    """One side's question: what it sends, and what it needs to read the answer."""

    client: Any
    values: tuple[str, ...]
    request: bytes

    def count(self, setup: bytes, response: bytes) -> int:
        """Return how many of our values the other side has. Raises SharingError for an answer that is none."""
        return int(self._read(self.client.GetIntersectionSize, setup, response))

    def common(self, setup: bytes, response: bytes) -> list[str]:
        """Return which of our values the other side has. Raises SharingError for an answer that is none."""
        found = self._read(self.client.GetIntersection, setup, response)
        return sorted(self.values[i] for i in found if 0 <= i < len(self.values))

    def _read(self, read: Callable[[Any, Any], Any], setup: bytes, response: bytes) -> Any:
        answered = _parse(psi.Response(), response)
        if len(answered.encrypted_elements) != len(self.values):
            raise SharingError("the partner's answer is of another size than the question")
        try:
            return read(_parse(psi.ServerSetup(), setup), answered)
        except (RuntimeError, ValueError) as problem:
            raise SharingError(f"the partner's answer is none: {problem}") from problem


def ask(key: bytes, values: Sequence[str], *, contents: bool) -> Asking:
    """Mask our values for a question."""
    # In an order that says nothing of them, and is the same each time under one key.
    mixed = tuple(sorted(values, key=lambda value: hmac.digest(key, value.encode(), "sha256")))
    client = psi.client.CreateFromKey(key, contents)
    return Asking(client, mixed, client.CreateRequest(list(mixed)).SerializeToString())


def asked(request: bytes) -> tuple[int, str, bool]:
    """Return how many elements a request has, a digest of them in any order, and whether it asks for contents.

    Raises SharingError for what is no request, or has an element twice.
    """
    made = _parse(psi.Request(), request)
    elements = list(made.encrypted_elements)
    if any(len(e) != POINT_BYTES for e in elements) or len(set(elements)) != len(elements):
        raise SharingError("not a request: an element is no point, or is there twice")
    return len(elements), sha256(b"".join(sorted(elements))).hexdigest(), bool(made.reveal_intersection)


def answer(key: bytes, values: Sequence[str], request: bytes, *, contents: bool) -> tuple[bytes, bytes]:
    """Return our values, masked, and the request's elements, masked once more.

    Without ``contents`` the library sorts what it returns, so that the asker learns a number and not which.
    """
    server = psi.server.CreateFromKey(key, contents)
    made = _parse(psi.Request(), request)
    try:
        response = server.ProcessRequest(made)
    except (RuntimeError, ValueError) as problem:
        raise SharingError(f"not a request: {problem}") from problem
    setup = server.CreateSetupMessage(0.0, len(made.encrypted_elements), list(values), psi.DataStructure.RAW)
    return setup.SerializeToString(), response.SerializeToString()


def _parse(message: Any, raw: bytes) -> Any:
    try:
        message.ParseFromString(raw)
    except Exception as problem:
        # protobuf's DecodeError is not to be imported without the library that brings it.
        raise SharingError("not a message of the protocol") from problem
    return message
