"""What a tlog-proof and a witness's add-checkpoint have in common: lines of ASCII, hashes last, then a checkpoint."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import decode_base64
from stillwatch.evidence.tree import HASH_BYTES

MAX_HASHES = 63
"""The path in a tree of 2**63 entries, the largest that sizes allow; also the most that tlog-witness lets one send."""


def join_proof(first: Iterable[str], hashes: Iterable[bytes], checkpoint: bytes) -> bytes:
    """Write the first lines, the hashes, an empty line and the checkpoint."""
    lines = [*first, *(base64.b64encode(one).decode() for one in hashes), ""]
    return "".join(f"{line}\n" for line in lines).encode() + checkpoint


def split_proof(data: bytes, *, most: int, what: str) -> tuple[list[str], bytes]:
    """Return the lines before the empty one, and the checkpoint behind it.

    Raises EvidenceError, beginning with ``what``, for more than ``most`` bytes, or where there is no such part.
    """
    if len(data) > most:
        raise EvidenceError(f"{what}: {len(data):,} bytes, more than {most:,}")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank or not head.isascii():
        raise EvidenceError(f"{what}: no empty line before the checkpoint, or the part before it is not ASCII")
    return head.decode().split("\n"), checkpoint


def parse_hashes(lines: Sequence[str], *, what: str) -> tuple[bytes, ...]:
    """Read one SHA-256 hash in base64 a line. Raises EvidenceError, beginning with ``what``, for anything else."""
    if len(lines) > MAX_HASHES:
        raise EvidenceError(f"{what}: {len(lines)} hashes, more than {MAX_HASHES}")
    hashes = tuple(decode_base64(line, what=f"{what}: a hash") for line in lines)
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise EvidenceError(f"{what}: a hash has {len(one)} bytes, not {HASH_BYTES}")
    return hashes
