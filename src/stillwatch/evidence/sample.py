"""The audit sample: which counted calls are looked at, drawn from a public random value.

The seed is SHA-256 over four lines, each with its newline: ``stillwatch audit sample 1``, the beacon value in
lower-case hex, the log's origin, and the SHA-256 of the list of counted calls (``calls.csv``) in hex. Draw *i* is the
first eight bytes of SHA-256(seed || i as eight bytes), big-endian, left out if it is not below the largest multiple of
the number of calls that 64 bits hold, else modulo the number of calls: a position in the list. Positions are drawn from
i = 0 on until enough different ones are there.

The sample is worth something where the list was fixed before the value was published. Its digest in a ``claim`` entry
of the log, under a checkpoint older than the value, shows that; without one, whoever made the list could try lists
until the sample suits. Nothing else goes into the seed, so there is nothing else to try.
"""

from __future__ import annotations

import re
from hashlib import sha256

from stillwatch.errors import EvidenceError

SIZES = {59: (95.0, 95.0), 299: (95.0, 99.0), 459: (99.0, 99.0), 6905: (99.9, 99.9)}
"""Entries drawn, all good: with this confidence at least this share is good, both in percent.

n = ceil(ln(1 - confidence) / ln(share)), the chance that n draws miss every bad one; for draws without replacement from
a finite list it is a little smaller still.
"""
USUAL_SIZE = 459
_BEACON = re.compile(r"(?:[0-9a-f]{2}){16,64}")


def check_beacon(text: str) -> str:
    """Return a beacon value in lower-case hex. Raises EvidenceError unless it has 16 to 64 bytes.

    drand gives 32 bytes (``randomness``), the NIST beacon 64 (``outputValue``).
    """
    value = text.strip().lower()
    if not _BEACON.fullmatch(value):
        raise EvidenceError(f"beacon {text[:80]!r}: not 16 to 64 bytes in hex; copy the value as the beacon shows it")
    return value


def sample_seed(beacon: str, origin: str, calls_sha256: str) -> bytes:
    """Return the seed that a beacon value and a log's list of calls make."""
    lines = ("stillwatch audit sample 1", beacon, origin, calls_sha256)
    return sha256("".join(f"{line}\n" for line in lines).encode()).digest()


def draw_sample(seed: bytes, *, count: int, size: int) -> list[int]:
    """Return ``size`` different positions below ``count`` in ascending order; all of them where there are no more.

    ``count`` is at most 2**63, as many as a log can hold.
    """
    chosen: set[int] = set()
    counter, fair = 0, 2**64 - 2**64 % max(count, 1)
    while len(chosen) < min(size, count):
        value = int.from_bytes(sha256(seed + counter.to_bytes(8, "big")).digest()[:8], "big")
        counter += 1
        if value < fair:
            chosen.add(value % count)
    return sorted(chosen)


def proves(drawn: int) -> str:
    """Say in words what that many good draws prove."""
    enough = [n for n in SIZES if drawn >= n]
    if not enough:
        return f"{drawn} entries prove little: the smallest useful sample is {min(SIZES)}"
    confidence, share = SIZES[max(enough)]
    return f"with {confidence:g} % confidence at least {share:g} % of the list is as the sample is"
