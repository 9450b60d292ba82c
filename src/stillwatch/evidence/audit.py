"""The outside auditor: draws a sample of a bundle's calls, asks the host to open it, and checks what comes back.

The beacon value is the auditor's: one that was published after the bundle arrived, so that the host could not have made
the list of calls to suit it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.openings import AT_ONCE
from stillwatch.evidence.posting import excerpt, post
from stillwatch.evidence.proofs import parse_proof
from stillwatch.evidence.sample import check_beacon, draw_sample, proves, sample_seed
from stillwatch.evidence.tree import leaf_hash, verify_inclusion

MAX_ANSWER_BYTES = 16 << 20
SECONDS = 120.0
"""A hundred openings are a hundred proofs from a log of any size; the host may read them from a slow disk."""
Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Listed:
    """A line of ``calls.csv`` with its account's pseudonym."""

    index: int
    account: str
    call: str


@dataclass
class Audit:
    """What came out: how many were drawn, opened and good, which were erased, and what is wrong with the others."""

    drawn: int
    good: int = 0
    erased: list[int] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Whether every drawn entry was opened and is what the bundle says."""
        return self.good == self.drawn > 0

    def says(self) -> str:
        """Say in a sentence what this proves."""
        if self.bad:
            return f"{len(self.bad):,} of {self.drawn:,} drawn entries are not what the bundle says."
        if self.erased:
            return (
                f"{len(self.erased):,} of {self.drawn:,} drawn entries were erased and cannot be opened any more; "
                "of these only the place in the log is known."
            )
        return f"{self.drawn:,} drawn, all as the bundle says: {proves(self.drawn)}."


def audit(bundle: Path, ask: Ask, *, beacon: str, size: int, policy: str | None = None) -> Audit:
    """Verify a bundle, draw a sample of its calls, and have it opened by ``ask``.

    Raises EvidenceError if the bundle does not hold or the host's answers are malformed; what is wrong with single
    entries is in the result.
    """
    value = check_beacon(beacon)
    try:
        found = verify.Verification(bundle, policy)
        digest = found.manifest["digests"]["calls.csv"]
        count = found.counted.count
        positions = draw_sample(sample_seed(value, found.log.origin, digest), count=count, size=size)
        listed = _lines(found, set(positions))
    except (verify.Refused, *verify.BROKEN) as problem:
        raise EvidenceError(f"{bundle}: the bundle is refused: {problem}") from None
    result, salts = Audit(len(positions)), set[str]()
    for answer, asked in _answers(ask, listed, {"beacon": value, "size": size}):
        pseudonyms = _pseudonyms(answer, found.manifest["pseudonym_key_sha256"])
        for opening, line in zip(answer["openings"], asked, strict=True):
            try:
                _check(opening, line, log=found.log, pseudonyms=pseudonyms, salts=salts, result=result)
            except (verify.Refused, EvidenceError, *verify.BROKEN) as problem:
                result.bad[line.index] = str(problem)
    return result


def host(url: str, token: str) -> Ask:
    """Return what asks the audit endpoint at this address."""

    def ask(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = post(
            f"{url.rstrip('/')}/openings",
            json.dumps(asked).encode(),
            content_type="application/json",
            max_bytes=MAX_ANSWER_BYTES,
            seconds=SECONDS,
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status != 200:
            raise EvidenceError(f"{url}: the host does not open the sample: {answer.status} {excerpt(answer.body)}")
        try:
            return dict(json.loads(answer.body))
        except (ValueError, TypeError):
            raise EvidenceError(f"{url}: not an answer of an audit endpoint: {excerpt(answer.body)}") from None

    return ask


def _answers(
    ask: Ask, listed: list[Listed], asked: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], list[Listed]]]:
    for start in range(0, len(listed), AT_ONCE):
        part = listed[start : start + AT_ONCE]
        answer = ask({**asked, "from": start})
        openings = answer.get("openings")
        if not isinstance(openings, list) or len(openings) != len(part):
            raise EvidenceError(f"the host's answer: not the {len(part)} openings that were drawn")
        yield answer, part


def _pseudonyms(answer: Mapping[str, Any], commitment: str) -> Pseudonyms:
    try:
        pseudonyms = Pseudonyms(bytes.fromhex(answer["key"]))
    except (KeyError, ValueError, TypeError):
        raise EvidenceError("the host's answer: no key of the campaign, so pseudonyms cannot be checked") from None
    if pseudonyms.commitment != commitment:
        raise EvidenceError("the host's answer: another key than the one whose digest the manifest names")
    return pseudonyms


def _lines(found: verify.Verification, positions: set[int]) -> list[Listed]:
    kept = []
    with found.bundle.stream("calls.csv") as file:
        file.readline()
        for at, line in enumerate(file):
            if at in positions:
                index, account, call = line.decode().rstrip("\n").split(",")
                kept.append(Listed(int(index), found.counted.accounts[int(account)], call))
    return kept


def _check(
    opening: dict[str, Any],
    line: Listed,
    *,
    log: verify.Checkpoint,
    pseudonyms: Pseudonyms,
    salts: set[str],
    result: Audit,
) -> None:
    """Check one opening, step by step, and count it."""
    verify.need(opening["index"] == line.index, f"entry {opening['index']} was opened, not entry {line.index}")
    entry = opening["entry"].encode()
    # 1. It is in the log, and a completed call.
    proof = parse_proof(opening["proof"].encode())
    verify.need((proof.index, proof.checkpoint) == (line.index, log.note), f"entry {line.index}: a proof of another")
    verify_inclusion(leaf_hash(entry), index=line.index, size=log.size, proof=proof.hashes, root=log.root)
    said = verify.check_call(entry, line.index)
    if opening.get("erased"):
        result.erased.append(line.index)
        return
    # 2. What is shown is what was committed to then.
    fields = verify.check_opening(opening, entry, salts)
    # 3. It is the account and the call that the bundle counts it as.
    for name, mine, theirs in (
        ("account", pseudonyms.account, line.account),
        ("call_id", pseudonyms.call, line.call),
    ):
        verify.need(name in fields, f"entry {line.index}: {name} is not opened, so it may be anybody's")
        verify.need(mine(fields[name]) == theirs, f"entry {line.index}: it is of another {name} than the bundle says")
    # 4. The exact time lies in the hour that was said aloud.
    hour = fields.get("started_at", said["hour"] * 3_600_000_000) // 3_600_000_000
    verify.need(hour == said["hour"], f"entry {line.index}: its time is in another hour")
    result.good += 1
    result.fields |= set(fields)
