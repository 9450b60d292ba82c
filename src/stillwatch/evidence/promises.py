"""Promises: signed with the answer to a call, that this call will be in the log.

An entry's index and proof are known only after its batch is in the log, a second or so after the answer. A promise fits
into a response header and names the call; with it the account holder asks for the receipt. If the operator has none,
the promise itself shows that a call was answered and left out (as a signed certificate timestamp does, RFC 6962
section 3). It is a signed note whose first line no checkpoint begins with, in base64, so that it is one ASCII line.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Algorithm, Note, Signature, VerifierKey, decode_base64, parse_note

FORMAT = "stillwatch.promise/1"
HEADER = "stillwatch-receipt"
"""Name of the response header; the gateway sends it only where its settings say so."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A call that its log's operator promised to record: its id, and when it began (microseconds since 1970 UTC)."""

    origin: str
    call_id: str
    started_at: int


def promise_call(signer: Signer, *, call_id: str, started_at: int) -> str:
    """Return the header's value: the promise that this call will be in the log. Raises EvidenceError for ML-DSA."""
    if signer.verifier.algorithm is not Algorithm.ED25519:
        raise EvidenceError("a promise is signed with Ed25519: an ML-DSA-44 signature is too long for a header")
    named = base64.b64encode(call_id.encode()).decode()
    text = f"{FORMAT}\n{signer.verifier.name}\n{named}\n{started_at}\n"
    signature = Signature(signer.verifier.name, signer.verifier.key_id, _sign(signer, text))
    return base64.b64encode(str(Note(text, (signature,))).encode()).decode()


def verify_promise(value: str, keys: Iterable[VerifierKey]) -> Promise:
    """Read a promise that one of these Ed25519 keys signed. Raises EvidenceError if it does not hold."""
    note = parse_note(decode_base64(value.strip(), what="a promise"))
    lines = note.text.split("\n")
    if len(lines) != 5 or lines[0] != FORMAT or lines[4]:
        raise EvidenceError(f"a promise: not of the format {FORMAT}")
    signed = [(k, s) for k, s in note.by(keys) if k.algorithm is Algorithm.ED25519 and k.name == lines[1]]
    if not signed:
        raise EvidenceError(f"a promise of {lines[1]}: none of the known keys signed it")
    for key, signature in signed:
        try:
            Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature.value, note.text.encode())
        except InvalidSignature:
            raise EvidenceError(f"a promise of {lines[1]}: the signature does not hold") from None
    if not lines[3].removeprefix("-").isdecimal():
        raise EvidenceError("a promise: its time is no number")
    return Promise(lines[1], decode_base64(lines[2], what="a promise: the call's id").decode(), int(lines[3]))


def _sign(signer: Signer, text: str) -> bytes:
    return bytes(signer.private_key.sign(text.encode()))
