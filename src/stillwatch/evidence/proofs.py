"""Proofs that stand alone (C2SP tlog-proof): an entry's place in a log, its path to the root, the checkpoint."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import VerifierKey, decode_base64
from stillwatch.evidence.numbers import parse_number
from stillwatch.evidence.proof_lines import join_proof, parse_hashes, split_proof
from stillwatch.evidence.quorum import Policy
from stillwatch.evidence.standing import Standing, weigh_checkpoint
from stillwatch.evidence.tree import leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 1 << 20
"""A path, a checkpoint with 64 signatures of 3.3 kB (ML-DSA-44), and as much again for extra data."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """That an entry is in a log; ``extra`` is not authenticated, ``checkpoint`` is the signed note verbatim."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __bytes__(self) -> bytes:
        """Return the file."""
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        return join_proof([HEADER, *extra, f"index {self.index}"], self.hashes, self.checkpoint)


def parse_proof(data: bytes) -> LogProof:
    """Read a proof. Raises EvidenceError if it is malformed, or too long for any log."""
    lines, checkpoint = split_proof(data, most=MAX_PROOF_BYTES, what="a tlog-proof")
    if lines.pop(0) != HEADER:
        raise EvidenceError(f"a tlog-proof: the first line is not {HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), what="a tlog-proof: the extra data")
        if not extra:
            raise EvidenceError("a tlog-proof: an extra line without data")
    if not lines or not lines[0].startswith("index "):
        raise EvidenceError("a tlog-proof: no index line")
    index = parse_number(lines.pop(0).removeprefix("index "), what="a tlog-proof: the index")
    return LogProof(index, parse_hashes(lines, what="a tlog-proof"), checkpoint, extra)


def verify_proof(proof: LogProof, entry: bytes, policy: Policy, *, log_keys: Iterable[VerifierKey] = ()) -> Standing:
    """Check that a log of the policy holds ``entry``, and that the policy's quorum saw the tree that does.

    Returns who cosigned and when. Raises EvidenceError if the entry, a signature or the quorum is wrong.
    """
    # 1. Checkpoint: signed by an accepted log, no cosignature by a known witness that fails.
    standing = weigh_checkpoint(proof.checkpoint, policy, log_keys=log_keys)
    head = standing.checkpoint
    # 2. Quorum.
    if not standing.has_quorum:
        cosigned = ", ".join(c.witness.name for c in standing.cosigned) or "nobody"
        raise EvidenceError(
            f"checkpoint of {head.origin}, size {head.size}: cosigned by {cosigned}, which is not the quorum "
            f"{policy.quorum!r}"
        )
    # 3. Path from the entry to the root.
    verify_inclusion(leaf_hash(entry), index=proof.index, size=head.size, proof=proof.hashes, root=head.root)
    return standing
