"""Proof that a log lied: two checkpoints of one size that it signed, with different roots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.notes import Note, VerifierKey

MAX_KEPT = 16
"""Proofs kept for each log: one convicts it, and a log that signs thousands must not fill its witness's disk."""


def keep_split_view(
    folder: Path, keys: Sequence[VerifierKey], cosigned: Note, other: Note, *, seen_at: int
) -> Path | None:
    """Write both signed checkpoints into one file, durably; return its path, None where enough are kept.

    ``cosigned`` is the one that the witness had cosigned, ``seen_at`` (POSIX seconds) when the other came.
    """
    head = Checkpoint.parse(other.text)
    log = sha256(head.origin.encode()).hexdigest()[:16]
    path = folder / f"{log}-{head.size}-{head.root.hex()[:16]}.json"
    if path.exists() or len(list(folder.glob(f"{log}-*.json"))) >= MAX_KEPT:
        return None
    proof = {
        "what": "two checkpoints of one size, both signed by the log, with different roots: it shows different people "
        "different entries",
        "origin": head.origin,
        "size": head.size,
        "log_keys": [str(key) for key in keys],
        "checkpoints": [str(cosigned), str(other)],
        "seen_at": seen_at,
    }
    write_whole(path, json.dumps(proof, indent=1, ensure_ascii=False).encode() + b"\n", durable=True)
    return path


def verify_split_view(data: bytes, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Checkpoint]:
    """Check such a file against the log's keys, which you must know from elsewhere; return both checkpoints.

    Raises EvidenceError if it proves nothing.
    """
    try:
        proof: Any = json.loads(data)
        first, second = (open_checkpoint(text.encode(), keys)[0] for text in proof["checkpoints"])
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise EvidenceError(f"a split view: not two checkpoints: {problem!r}") from None
    if (first.origin, first.size) != (second.origin, second.size) or first.root == second.root:
        raise EvidenceError("a split view: the two checkpoints do not contradict each other")
    return first, second
