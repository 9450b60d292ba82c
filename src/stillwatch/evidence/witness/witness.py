"""The witness's decisions: C2SP tlog-witness v1.0.0, status by status, in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Note, VerifierKey, parse_note
from stillwatch.evidence.tree import EMPTY_ROOT, verify_consistency
from stillwatch.evidence.witness.memory import Memory, Turn
from stillwatch.evidence.witness.split_views import keep_split_view
from stillwatch.evidence.witness.submission import SIZE_TYPE, Submission, parse_submission

TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = TEXT_TYPE


class Witness:
    """Cosigns for the logs it was given keys of; keeps its memory and proofs of misbehaviour in ``folder``."""

    def __init__(
        self,
        folder: Path,
        signers: Sequence[Signer],
        log_keys: Sequence[VerifierKey],
        *,
        clock: Callable[[], float],
        step: Callable[[str], object] = str,
    ) -> None:
        """Open the memory. ``step`` is told before each numbered step; tests race and die there."""
        self.folder, self._signers, self._clock, self._step = folder, signers, clock, step
        self._logs: dict[str, list[VerifierKey]] = {}
        for key in log_keys:
            self._logs.setdefault(key.name, []).append(key)
        self._origins = {sha256(origin.encode()).hexdigest(): origin for origin in self._logs}
        self._memory = Memory(folder / "memory.sqlite")

    def checkpoint(self, origin_hash: str) -> Answer:
        """Answer a monitor: the latest checkpoint cosigned for the log whose origin has this SHA-256 in hex."""
        note = self._memory.note(origin_hash, self._origins)
        return Answer(404, b"no checkpoint of that log\n") if note is None else Answer(200, note)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer add-checkpoint. Raises EvidenceError where the memory fails: then nothing was cosigned."""
        try:
            submission = parse_submission(body)
            origin = Checkpoint.parse(parse_note(submission.checkpoint).text).origin
        except EvidenceError as problem:
            return _refuse(400, str(problem))
        keys = self._logs.get(origin)
        if keys is None:
            return _refuse(404, f"{origin}: not a log that this witness follows")
        try:
            head, note = open_checkpoint(submission.checkpoint, keys)
        except EvidenceError as problem:
            return _refuse(403, str(problem))
        if submission.old > head.size:
            return _refuse(400, f"old size {submission.old} is above the checkpoint's, {head.size}")
        # What the log itself signed; unknown keys' lines do not go any further.
        signed = Note(note.text, tuple(signature for _, signature in note.by(keys)))
        # 1. Take the turn.  Until it ends, every other request for any log waits.
        self._step("turn")
        with self._memory.turn(origin) as turn:
            return self._decide(turn, submission, head, signed)
        # 4. The turn ends with the commit, and only then is there an answer.

    def _decide(self, turn: Turn, submission: Submission, head: Checkpoint, signed: Note) -> Answer:
        if (other := turn.other(head)) is not None:
            keep_split_view(
                self.folder / "split-views", self._logs[head.origin], other, signed, seen_at=int(self._clock())
            )
        latest = turn.latest() or Checkpoint(head.origin, 0, EMPTY_ROOT)
        if submission.old != latest.size:
            return Answer(409, f"{latest.size}\n".encode(), SIZE_TYPE)
        try:
            _check_growth(latest, head, submission.proof)
        except EvidenceError as problem:
            return _refuse(422, str(problem))
        # 2. Sign.  A crash here forgets the signature: nobody has seen it.
        self._step("sign")
        now = int(self._clock())
        cosignatures = [signer.sign(head, time=now) for signer in self._signers]
        # 3. Store.  A crash before the commit is as if the request had not come; after it, the log asks again.
        self._step("store")
        turn.store(head, signed.signed(cosignatures))
        return Answer(200, "".join(f"{c}\n" for c in cosignatures).encode())


def _check_growth(latest: Checkpoint, head: Checkpoint, proof: Sequence[bytes]) -> None:
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise EvidenceError("a checkpoint of size 0 whose root is not that of the empty tree")
    if latest.size == 0:
        if proof:
            raise EvidenceError("a proof from size 0; there is nothing to prove")
        return
    verify_consistency(old=latest.size, new=head.size, proof=proof, old_root=latest.root, new_root=head.root)


def _refuse(status: int, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())
