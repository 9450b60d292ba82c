"""Salted commitments to what a log entry does not say aloud.

An entry's ``private`` is one hash over the digests of its private fields. Each digest is of a disclosure as in SD-JWT
(RFC 9901 section 4.2): base64url of the JSON array [salt, name, value]. To open one field, its disclosure and the other
fields' digests are shown. Salts come one-way from a seed of the record, so opening one says nothing of another, and
without the seed nothing can be opened or guessed any more: that is how a record is erased.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256, shake_256

from orjson import OPT_SORT_KEYS, JSONDecodeError, dumps, loads

from stillwatch.errors import EvidenceError

SEED_BYTES = 32
SALT_BYTES = 16
"""128 bits (RFC 9901 section 9.3)."""

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """Some of a record's private fields laid open: disclosures by name, and the digests of the others."""

    disclosures: Mapping[str, str]
    digests: Mapping[str, str]


def new_seed() -> bytes:
    """Make a record's seed."""
    return secrets.token_bytes(SEED_BYTES)


def disclose(seed: bytes, fields: Mapping[str, Value]) -> dict[str, str]:
    """Return every field's disclosure: base64url without padding of ``[salt, name, value]``, in the names' order.

    The salts are the output of SHAKE-256 (FIPS 202) over the seed, 16 bytes a field in the order of their names.
    """
    names = sorted(fields)
    salts = _encode_many(shake_256(seed).digest(SALT_BYTES * len(names)), SALT_BYTES)
    return {name: _encode(dumps([salt, name, fields[name]])) for salt, name in zip(salts, names, strict=True)}


def digest(disclosure: str) -> str:
    """Return a disclosure's digest: base64url of its SHA-256 (RFC 9901 section 4.2.3)."""
    return _encode(sha256(disclosure.encode()).digest())


def commit(seed: bytes, fields: Mapping[str, Value]) -> str:
    """Return ``private`` of a record with these fields: strings without lone surrogates, integers below 2**53, null."""
    return combine({name: digest(disclosure) for name, disclosure in disclose(seed, fields).items()})


def combine(digests: Mapping[str, str]) -> str:
    """Return the one hash over all digests: SHA-256 of the canonical object of names and digests."""
    return _encode(sha256(dumps(digests, option=OPT_SORT_KEYS)).digest())


def open_fields(seed: bytes, fields: Mapping[str, Value], names: frozenset[str]) -> Opening:
    """Open the named fields of a record and leave the others closed. Raises EvidenceError for an unknown name."""
    if unknown := names - set(fields):
        raise EvidenceError(f"no private field is called {', '.join(sorted(unknown))}; there are: {', '.join(fields)}")
    every = disclose(seed, fields)
    return Opening(
        {n: d for n, d in every.items() if n in names}, {n: digest(d) for n, d in every.items() if n not in names}
    )


def verify_opening(opening: Opening, private: str) -> dict[str, Value]:
    """Return the fields that an opening lays open. Raises EvidenceError unless they are what was committed to."""
    if both := set(opening.disclosures) & set(opening.digests):
        raise EvidenceError(f"an opening: {', '.join(sorted(both))} stand open and closed at once")
    digests = dict(opening.digests) | {name: digest(d) for name, d in opening.disclosures.items()}
    if combine(digests) != private:
        raise EvidenceError("an opening: it does not lead to the entry's commitment; a value or a salt was changed")
    return {name: _value(name, d) for name, d in opening.disclosures.items()}


def _value(name: str, disclosure: str) -> Value:
    try:
        raw = base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4))
        _salt, inner, value = loads(raw)
    except (binascii.Error, JSONDecodeError, ValueError, TypeError):
        raise EvidenceError(f"the disclosure of {name}: not base64url of [salt, name, value]") from None
    if inner != name:
        raise EvidenceError(f"the disclosure of {name}: it is of {inner}")
    return value  # type: ignore[no-any-return]  # one of Value: we wrote it and the digest holds it


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode_many(raw: bytes, size: int) -> list[str]:
    return [_encode(raw[i : i + size]) for i in range(0, len(raw), size)]
