"""What a log sends to a witness (C2SP tlog-witness v1.0.0, "add-checkpoint"): old size, proof, checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.errors import EvidenceError
from stillwatch.evidence.numbers import parse_number
from stillwatch.evidence.proof_lines import join_proof, parse_hashes, split_proof

SIZE_TYPE = "text/x.tlog.size"
"""Type of the answer that names the size which the witness has cosigned (tlog-witness)."""
MAX_SUBMISSION_BYTES = 64 << 10
"""63 hashes take 3 kB; the rest has room for 16 signatures of 3.3 kB, the most that a verifier has to accept."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of an add-checkpoint request."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        """Return the body."""
        return join_proof([f"old {self.old}"], self.proof, self.checkpoint)


def parse_submission(body: bytes) -> Submission:
    """Read a body. Raises EvidenceError if it is malformed or too long."""
    (first, *lines), checkpoint = split_proof(body, most=MAX_SUBMISSION_BYTES, what="add-checkpoint")
    if not first.startswith("old "):
        raise EvidenceError("add-checkpoint: the first line is not `old SIZE`")
    old = parse_number(first.removeprefix("old "), what="add-checkpoint: the old size")
    return Submission(old, parse_hashes(lines, what="add-checkpoint"), checkpoint)
