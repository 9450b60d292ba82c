"""A bundle that this deployment made, read back to open entries of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.notes import Note, parse_note


@dataclass(frozen=True)
class Made:
    """What opening needs to know of a bundle."""

    campaign: str
    size: int
    note: Note
    indices: Sequence[int]
    calls_sha256: str
    key_commitment: str


def read_made(path: Path) -> Made:
    """Read a bundle back. Raises EvidenceError if it does not hold by its own keys."""
    try:
        found = verify.Verification(path)
        with found.bundle.stream("calls.csv") as file:
            file.readline()
            indices = [int(line.split(b",", 1)[0]) for line in file]
    except (verify.Refused, *verify.BROKEN) as problem:
        raise EvidenceError(f"{path}: the bundle is refused: {problem}") from None
    manifest = found.manifest
    return Made(
        campaign=manifest["campaign"],
        size=found.log.size,
        note=parse_note(found.log.note),
        indices=indices,
        calls_sha256=manifest["digests"]["calls.csv"],
        key_commitment=manifest["pseudonym_key_sha256"],
    )
