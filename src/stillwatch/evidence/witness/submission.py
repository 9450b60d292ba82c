"""What a log sends to a witness (C2SP tlog-witness v1.0.0, "add-checkpoint"): old size, proof, checkpoint."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from stillwatch.errors import EvidenceError
from stillwatch.evidence.numbers import parse_number
from stillwatch.evidence.proofs import parse_hash

SIZE_TYPE = "text/x.tlog.size"
"""Type of the answer that names the size which the witness has cosigned (tlog-witness)."""
MAX_PROOF_LINES = 63
"""tlog-witness: "The client MUST NOT send more than 63 consistency proof lines"."""
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
        hashes = "".join(f"{base64.b64encode(h).decode()}\n" for h in self.proof)
        return f"old {self.old}\n{hashes}\n".encode() + self.checkpoint


def parse_submission(body: bytes) -> Submission:
    """Read a body. Raises EvidenceError if it is malformed or too long."""
    if len(body) > MAX_SUBMISSION_BYTES:
        raise EvidenceError(f"add-checkpoint: {len(body):,} bytes, more than {MAX_SUBMISSION_BYTES:,}")
    head, blank, checkpoint = body.partition(b"\n\n")
    if not blank or not head.isascii():
        raise EvidenceError("add-checkpoint: no empty line before the checkpoint, or the part before it is not ASCII")
    first, *lines = head.decode().split("\n")
    if not first.startswith("old "):
        raise EvidenceError("add-checkpoint: the first line is not `old SIZE`")
    if len(lines) > MAX_PROOF_LINES:
        raise EvidenceError(f"add-checkpoint: {len(lines)} proof lines, more than {MAX_PROOF_LINES}")
    old = parse_number(first.removeprefix("old "), what="add-checkpoint: the old size")
    return Submission(old, tuple(parse_hash(line, what="add-checkpoint: a proof line") for line in lines), checkpoint)
