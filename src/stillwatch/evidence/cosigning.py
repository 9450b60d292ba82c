"""One round of asking others: witnesses and time-stamp authorities, for the log's current checkpoint."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.notes import VerifierKey, parse_note
from stillwatch.evidence.opened import OpenedLog
from stillwatch.evidence.operators import Authority, Operators, read_operators
from stillwatch.evidence.posting import SECONDS
from stillwatch.evidence.quorum import NONE, Policy, parse_policy
from stillwatch.evidence.standing import Standing, weigh_checkpoint
from stillwatch.evidence.timestamps import Timestamp, read_roots, request_timestamp, verify_timestamp
from stillwatch.evidence.witness_client import ask_witnesses


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time-stamp of the checkpoint that holds."""

    authority: Authority
    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class Round:
    """What others now say about the checkpoint; ``problems`` says why each of the rest says nothing."""

    standing: Standing
    stamped: tuple[Stamped, ...]
    problems: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return what is written beside the checkpoint and printed as JSON; times in POSIX seconds."""
        head = self.standing.checkpoint
        return {
            "origin": head.origin,
            "size": head.size,
            "root": base64.b64encode(head.root).decode(),
            "has_quorum": self.standing.has_quorum,
            "has_independent_quorum": self.standing.has_independent_quorum,
            "independent_parties": sorted(self.standing.independent_parties),
            "witnesses": {
                c.witness.name: {"key": c.witness.key.name, "run_by": c.witness.run_by, "time": c.time}
                for c in self.standing.cosigned
            },
            "timestamps": {
                s.authority.name: {
                    "signer": s.timestamp.authority,
                    "run_by": s.authority.run_by,
                    "time": s.timestamp.time,
                }
                for s in self.stamped
            },
            "problems": self.problems,
        }


def read_trust(policy: Path, operators: Path) -> tuple[Policy, Operators]:
    """Read both files, of which either may be missing. Raises EvidenceError if they name nobody to ask."""
    try:
        trusted = parse_policy(policy.read_bytes(), where=str(policy))
    except FileNotFoundError:
        trusted = Policy(NONE)
    except OSError as problem:
        raise EvidenceError(f"{policy}: cannot be read: {problem.strerror}") from problem
    known = read_operators(operators) if operators.exists() else Operators()
    if not trusted.witnesses and not known.authorities:
        raise EvidenceError(
            f"{policy}: no witness, and {operators}: no time-stamp authority: nobody to ask. docs/witnesses.md says "
            "how to find some"
        )
    return trusted.run_by(known.witnesses), known


def newest_with_quorum(folder: Path, policy: Policy, log_keys: Iterable[VerifierKey]) -> Standing | None:
    """Return the largest kept checkpoint whose quorum is reached, None if there is none; ``folder`` as in ``cosign``.

    What is proved under it, rather than under the log's newest checkpoint, has been seen by the witnesses. Raises
    EvidenceError if what is kept was damaged.
    """
    keys = list(log_keys)
    for note in CosignedCheckpoints(folder / "witness").notes():
        standing = weigh_checkpoint(str(note).encode(), policy, log_keys=keys)
        if standing.has_quorum:
            return standing
    return None


def cosign(log: OpenedLog, policy: Policy, operators: Operators, *, seconds: float = SECONDS) -> Round:
    """Ask whoever has not yet said anything about the checkpoint, and keep what they say, under ``witness/``.

    Ends whatever they do: one that fails is named in ``problems``. Raises EvidenceError if the log's checkpoint does
    not fit the policy, or what is kept was damaged.
    """
    folder, note = CosignedCheckpoints(log.folder / "witness"), parse_note(log.note.encode())
    weigh_checkpoint(log.note.encode(), policy, log_keys=log.keys.every)
    # 1. Keep the checkpoint, durably.  A crash leaves it without a quorum; the next round asks for it, or a later one.
    kept = folder.add(note, [])
    # 2. Ask witnesses, and keep each cosignature that holds.
    signed = {key for key, _ in kept.by(w.key for w in policy.witnesses.values())}
    missing = [w for w in policy.witnesses.values() if w.key not in signed]
    asked = ask_witnesses(note, missing, log.reader.prove_since, known=list(folder.notes()), seconds=seconds)
    kept = folder.add(note, asked.cosignatures)
    # 3. Ask time-stamp authorities.
    stamped, problems = _stamp(folder, log, operators, seconds=seconds)
    # 4. Say how it went.  A crash before leaves the files above, which say the same.
    standing = weigh_checkpoint(str(kept).encode(), policy, log_keys=log.keys.every)
    done = Round(standing, tuple(stamped), asked.problems | problems)
    folder.mark(log.reader.checkpoint, done.to_dict())
    return done


def _stamp(
    folder: CosignedCheckpoints, log: OpenedLog, operators: Operators, *, seconds: float
) -> tuple[list[Stamped], dict[str, str]]:
    head = log.reader.checkpoint
    kept, stamped, problems = folder.timestamps(head), [], {}
    for authority in operators.authorities:
        try:
            roots = read_roots(authority.roots)
            answer = kept.get(authority.name) or request_timestamp(authority.url, head.text, roots, seconds=seconds)
            stamped.append(Stamped(authority, verify_timestamp(answer, head.text, roots)))
        except EvidenceError as problem:
            problems[f"timestamps.{authority.name}"] = str(problem)
            continue
        if authority.name not in kept:
            folder.add_timestamp(head, authority.name, answer)
    return stamped, problems
