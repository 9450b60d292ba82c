"""Asks witnesses to cosign a checkpoint (C2SP tlog-witness, "add-checkpoint"), all at once and never for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, verify_signature
from stillwatch.evidence.notes import Note, Signature, VerifierKey, parse_signature
from stillwatch.evidence.numbers import parse_number
from stillwatch.evidence.posting import SECONDS, Posted, excerpt, post
from stillwatch.evidence.quorum import Witness
from stillwatch.evidence.witness.submission import SIZE_TYPE, Submission

MAX_ANSWER_BYTES = 64 << 10
"""16 cosignatures of 3.3 kB (ML-DSA-44)."""
ATTEMPTS = 3
"""First with the size that we remember, then with the one the witness named, and once more where another copy of the
log was faster. One that still disagrees is busy with somebody else."""
AT_ONCE = 16
"""Witnesses asked at the same time."""

Prove = Callable[[int], list[bytes]]
"""From an earlier size to the proof that the checkpoint continues it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking: cosignatures that hold, and for each other witness the reason, by policy name."""

    cosignatures: tuple[Signature, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


def ask_witnesses(
    note: Note, witnesses: Iterable[Witness], prove: Prove, *, known: Sequence[Note] = (), seconds: float = SECONDS
) -> Asked:
    """Show a checkpoint to every one of these witnesses that has an address.

    ``known``: earlier cosigned checkpoints, the largest first; they say from which size to start. A witness that fails
    costs its own cosignature only, after at most ``ATTEMPTS`` times twice ``seconds``.
    """
    problems: dict[str, str] = {}
    places: dict[str, list[Witness]] = {}
    for witness in witnesses:
        if witness.url is None:
            problems[witness.name] = "the policy gives no address"
        else:
            places.setdefault(witness.url.rstrip("/"), []).append(witness)
    cosignatures: list[Signature] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [
            (
                pool.submit(
                    ask, url, [w.key for w in group], note, prove, old=_remembered(group, known), seconds=seconds
                ),
                group,
            )
            for url, group in places.items()
        ]
        for future, group in futures:
            try:
                found = future.result()
            except EvidenceError as problem:
                problems |= {w.name: str(problem) for w in group}
                continue
            cosignatures += found.values()
            problems |= {w.name: "it answered without a cosignature by this key" for w in group if w.key not in found}
    return Asked(tuple(cosignatures), problems)


def ask(
    url: str, keys: Sequence[VerifierKey], note: Note, prove: Prove, *, old: int = 0, seconds: float = SECONDS
) -> dict[VerifierKey, Signature]:
    """Ask the witness at one submission prefix; return its cosignatures that hold, by key.

    Raises EvidenceError if it refuses, gives no answer, or a cosignature by one of ``keys`` does not hold.
    """
    head = Checkpoint.parse(note.text)
    for _ in range(ATTEMPTS):
        body = bytes(Submission(old, tuple(prove(old)) if old else (), str(note).encode()))
        answer = post(
            f"{url}/add-checkpoint", body, content_type="text/plain", max_bytes=MAX_ANSWER_BYTES, seconds=seconds
        )
        if answer.status == 200:
            return _cosignatures(url, answer, keys, head)
        if answer.status != 409 or answer.content_type != SIZE_TYPE:
            raise EvidenceError(f"{url}: refused, status {answer.status}: {excerpt(answer.body)}")
        old = _size(url, answer)
        if old > head.size:
            raise EvidenceError(
                f"{url}: it has cosigned {old} entries of {head.origin}, and this checkpoint has {head.size}. Either a "
                "newer checkpoint went there meanwhile, or this copy of the log was rolled back: then stop and find "
                "the newer one, for the log must not fork"
            )
    raise EvidenceError(f"{url}: named another size {ATTEMPTS} times; another copy of the log is asking it as well")


def _size(url: str, answer: Posted) -> int:
    line = answer.body.decode("utf-8", "replace")
    if not line.endswith("\n"):
        raise EvidenceError(f"{url}: status 409 without a size: {excerpt(answer.body)}")
    return parse_number(line[:-1], what=f"{url}: status 409: the size")


def _cosignatures(
    url: str, answer: Posted, keys: Sequence[VerifierKey], head: Checkpoint
) -> dict[VerifierKey, Signature]:
    lines = answer.body.decode("utf-8", "replace").split("\n")
    if lines.pop():
        raise EvidenceError(f"{url}: its answer is cut off: the last line does not end")
    try:
        found = Note(head.text, tuple(parse_signature(line) for line in lines)).by(keys)
        for key, signature in found:
            verify_signature(key, head, signature)
    except EvidenceError as problem:
        raise EvidenceError(f"{url}: answered with something else than its cosignatures: {problem}") from None
    if not found:
        raise EvidenceError(f"{url}: answered without a cosignature by a key that the policy gives it")
    return dict(found)


def _remembered(witnesses: Sequence[Witness], known: Sequence[Note]) -> int:
    """Return the size of the largest checkpoint that these witnesses are known to have cosigned."""
    keys = [w.key for w in witnesses]
    return next((Checkpoint.parse(note.text).size for note in known if note.by(keys)), 0)
