"""What a checkpoint is worth under a trust policy: who cosigned it, when, and whether that makes the quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint, verify_signature
from stillwatch.evidence.notes import Note, VerifierKey
from stillwatch.evidence.quorum import Policy, Witness


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's cosignature that holds; ``time`` in POSIX seconds, the earliest where it gave several."""

    witness: Witness
    time: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A checkpoint that one of the policy's logs signed, and the cosignatures on it that hold."""

    checkpoint: Checkpoint
    note: Note
    cosigned: tuple[Cosigned, ...]
    has_quorum: bool
    """The quorum is reached, counting every witness as the C2SP format does."""
    has_independent_quorum: bool
    """It is reached by at least one witness, and without those that the log's own operator runs."""

    @property
    def independent(self) -> tuple[Cosigned, ...]:
        """The cosignatures by witnesses that the log's own operator does not run."""
        return tuple(c for c in self.cosigned if not c.witness.is_ours)

    @property
    def independent_parties(self) -> frozenset[str]:
        """Who stands behind those: the one who is said to run it, else the key's name. Two keys of one are one."""
        return frozenset(c.witness.run_by or c.witness.key.name for c in self.independent)


def weigh_checkpoint(data: bytes, policy: Policy, *, log_keys: Iterable[VerifierKey] = ()) -> Standing:
    """Verify a checkpoint against a policy; ``log_keys`` are the logs' where the policy names none.

    A cosignature by an unknown key is ignored, one by a known key that does not hold refuses the whole checkpoint
    (signed-note v1.0.0, "Verifying"). Raises EvidenceError for that, and where no accepted log signed. A missing
    quorum is no error here: it is the answer.
    """
    checkpoint, note = open_checkpoint(data, policy.log_keys or list(log_keys))
    names = {w.key: w.name for w in policy.witnesses.values()}
    times: dict[str, int] = {}
    for key, signature in note.by(names):
        time = verify_signature(key, checkpoint, signature)
        if time is not None:
            times[names[key]] = min(time, times.get(names[key], time))
    cosigned = tuple(Cosigned(w, times[name]) for name, w in policy.witnesses.items() if name in times)
    independent = [c.witness.name for c in cosigned if not c.witness.is_ours]
    return Standing(
        checkpoint,
        note,
        cosigned,
        has_quorum=policy.is_met(times),
        has_independent_quorum=bool(independent) and policy.is_met(independent),
    )
