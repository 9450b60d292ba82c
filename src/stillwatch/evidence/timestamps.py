"""Time-stamps by a trusted authority (RFC 3161): proof that a checkpoint's text was there at a time.

Needs the library rfc3161-client: ``pip install 'stillwatch[timestamps]'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from cryptography import x509

from stillwatch.errors import EvidenceError
from stillwatch.evidence.posting import SECONDS, excerpt, post

try:
    import rfc3161_client as rfc3161

    _IS_THERE = True
except ImportError:  # an optional extra
    _IS_THERE = False

MAX_ANSWER_BYTES = 256 << 10
"""A token with its certificates has 2 to 10 kB."""
QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"
"""RFC 3161, section 3.4."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time-stamp that holds: ``time`` in POSIX seconds (whole ones, rounded up: not after), and whose it is."""

    time: int
    authority: str


def request_timestamp(url: str, text: str, roots: Sequence[x509.Certificate], *, seconds: float = SECONDS) -> bytes:
    """Have an authority stamp a checkpoint's text; return its answer once that has been verified.

    Raises EvidenceError if there is no answer, it is to another question, or it does not lead to one of ``roots``.
    """
    _need_library()
    request = rfc3161.TimestampRequestBuilder(data=text.encode()).hash_algorithm(rfc3161.HashAlgorithm.SHA256).build()
    answer = post(url, request.as_bytes(), content_type=QUERY_TYPE, max_bytes=MAX_ANSWER_BYTES, seconds=seconds)
    if answer.status != 200 or answer.content_type.partition(";")[0].strip() != REPLY_TYPE:
        raise EvidenceError(
            f"{url}: no time-stamp: status {answer.status}, {answer.content_type or 'no type'}: {excerpt(answer.body)}"
        )
    try:
        verify_timestamp(answer.body, text, roots, nonce=request.nonce)
    except EvidenceError as problem:
        raise EvidenceError(f"{url}: {problem}") from None
    return answer.body


def verify_timestamp(
    answer: bytes, text: str, roots: Sequence[x509.Certificate], *, nonce: int | None = None
) -> Timestamp:
    """Check an authority's answer over a checkpoint's text. Raises EvidenceError if it does not hold.

    ``nonce``: what was sent with the question, where it is known. The certificate must be one for time-stamping and
    must have been valid at the time that the answer names, not today.
    """
    _need_library()
    if not roots:
        raise EvidenceError("a time-stamp: no root certificate to check it against")
    builder = rfc3161.VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        decoded = rfc3161.decode_timestamp_response(answer)
        builder.build().verify_message(decoded, text.encode())
        return Timestamp(ceil(decoded.tst_info.gen_time.timestamp()), _signer(decoded))
    except (rfc3161.VerificationError, ValueError) as problem:
        raise EvidenceError(f"a time-stamp that does not hold: {problem}") from None


def read_roots(path: Path) -> list[x509.Certificate]:
    """Read the root certificates of a PEM file. Raises EvidenceError if there are none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise EvidenceError(f"{path}: no certificates in PEM: {problem}") from problem


def _signer(decoded: rfc3161.TimeStampResponse) -> str:
    (signer,) = decoded.signed_data.signer_infos
    certificates = [x509.load_der_x509_certificate(c) for c in decoded.signed_data.certificates]
    found = [c for c in certificates if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number)]
    return found[0].subject.rfc4514_string() if found else signer.issuer.rfc4514_string()


def _need_library() -> None:
    if not _IS_THERE:
        raise EvidenceError("time-stamps need rfc3161-client; run: pip install 'stillwatch[timestamps]'")
