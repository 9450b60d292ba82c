"""A log that grows, forks or lies, and a witness for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stillwatch.evidence import tree
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.keys import Signer, new_signer
from stillwatch.evidence.notes import Algorithm, Note
from stillwatch.evidence.witness.submission import Submission
from stillwatch.evidence.witness.witness import Witness

ORIGIN = "example.com/log"
LOG = new_signer(ORIGIN, Algorithm.ED25519)
SIGNERS = [new_signer("w.example/1", a) for a in (Algorithm.ED25519_COSIGNATURE, Algorithm.ML_DSA_44_COSIGNATURE)]
NOW = 1_700_000_000


class FakeLog:
    """A log in memory; ``fork`` makes its entries others from that index on."""

    def __init__(self, *, fork: int | None = None, signer: Signer = LOG, origin: str = ORIGIN) -> None:
        self.signer, self.origin = signer, origin
        self._hashes = tree.leaf_hashes([b"%d %d" % (i, fork is not None and i >= fork) for i in range(300)])

    def subtree(self, level: int, index: int) -> bytes:
        return tree.perfect_root(self._hashes[index << level : (index + 1) << level])

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, tree.root(size, self.subtree))

    def note(self, size: int) -> Note:
        head = self.head(size)
        return Note(head.text, (self.signer.sign(head, time=NOW),))

    def proof(self, old: int, size: int) -> list[bytes]:
        return tree.prove_consistency(old, size, self.subtree)

    def body(self, old: int, size: int, *, proof: Sequence[bytes] | None = None) -> bytes:
        hashes = self.proof(old, size) if proof is None else proof
        return bytes(Submission(old, tuple(hashes), str(self.note(size)).encode()))


def new_witness(
    folder: Path, *, clock: Callable[[], float] = lambda: NOW, step: Callable[[str], object] = str
) -> Witness:
    return Witness(folder, SIGNERS, [LOG.verifier], clock=clock, step=step)
