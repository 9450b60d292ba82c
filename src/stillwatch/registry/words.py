"""Changes, statuses and strange text in words for a reader who never saw the register before."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.registry import changes as c
from stillwatch.registry.changes import Signed
from stillwatch.registry.nouns import Claim, Evidence, Ground, Stance
from stillwatch.registry.statuses import Status, Step
from stillwatch.registry.times import show_date

Details = tuple[tuple[str, str], ...]
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that do not show, or that change how others show (bidirectional overrides among them)."""
MAX_MARKS = 2
"""Combining marks in a row; no living script needs more, and stacks of them draw over other lines."""
STATUS: dict[Status, str] = {s: s.value.replace("_", " ") for s in Status}
GROUND: dict[Ground, str] = {
    Ground.MISTAKEN_IDENTITY: "it was somebody else",
    Ground.FACTS_WRONG: "the facts are wrong",
    Ground.AUTHORISED_USE: "the use was authorised",
    Ground.FREE_EXPRESSION: "it is a VPN or anti-censorship service",
    Ground.EVIDENCE_FLAWED: "the evidence is flawed",
    Ground.NO_LONGER_TRUE: "it is no longer true",
    Ground.PROCEDURE: "the register broke its own rules",
    Ground.PRIVACY: "it is private",
    Ground.OTHER: "another ground",
}
STANCE: dict[Stance, str] = {
    Stance.DISPUTES: "disputes the entry",
    Stance.COMMENTS: "comments on the entry",
    Stance.ADMITS: "does not dispute the entry",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words: what happened, and what was said."""

    title: str
    details: Details


def told(signed: Signed) -> Told:
    """Tell a change."""
    title, details = _TELL[signed.change.step](signed.change)
    return Told(title, tuple((label, text) for label, text in details if text))


def visible(text: str, *, keep: str = "\n\t") -> str:
    r"""Write characters that do not show as ``\u202e``, except those in ``keep``, and thin out stacks of marks."""
    out: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in INVISIBLE and character not in keep:
            out.append(f"\\u{ord(character):04x}")
        elif marks <= MAX_MARKS:
            out.append(character)
    return "".join(out)


def grounds(known: tuple[Ground, ...]) -> str:
    """Write the grounds of an appeal."""
    return "; ".join(GROUND[ground] for ground in known)


def _claims(claims: tuple[Claim, ...]) -> Details:
    return tuple((c.rung, f"“{c.words}” ({c.said_by}, confidence {c.confidence} of 100)") for c in claims)


def _evidence(evidence: Evidence) -> Details:
    if evidence.is_official:
        return (("authority", evidence.authority), ("shows", evidence.shows), ("source", evidence.url))
    return (
        ("provider", evidence.provider),
        ("shows", evidence.shows),
        ("controlled by", evidence.owner),
        ("bundle", evidence.bundle),
        ("place", f"entry {evidence.index} of the log {evidence.origin}"),
        ("repeats", evidence.repeats),
    )


def _said(change: c.Draft | c.Amend) -> Details:
    return (("party", change.entity.name), ("also known as", "; ".join(change.entity.aliases)), *_claims(change.claims))


def _answer(change: c.TakeAnswer) -> Details:
    source = f"{change.url} (SHA-256 {change.sha256})" if change.url else ""
    return (("from", change.sender), ("words", change.text), ("source", source))


def _decision(change: c.Decide) -> Details:
    corrected = _said(change.corrections) if change.corrections else ()
    return (("reasons", change.reasons), *(("struck", bundle) for bundle in change.struck), *corrected)


_TELL: dict[Step, Callable[[Any], tuple[str, Details]]] = {
    Step.DRAFT: lambda d: ("drafted", (("follows", d.follows), *_said(d))),
    Step.AMEND: lambda d: ("said anew", _said(d)),
    Step.EVIDENCE: lambda d: ("evidence attached", _evidence(d.evidence)),
    Step.NOTICE: lambda d: (
        "the party was told",
        (("how", d.channel), ("may answer until", show_date(d.deadline)), ("SHA-256 of the letter", d.letter)),
    ),
    Step.ANSWER: lambda d: (f"the party {STANCE[d.stance]}", _answer(d)),
    Step.PUBLISH: lambda d: ("published", (("reasons", d.reasons), ("until", show_date(d.expires_at)))),
    Step.RENEW: lambda d: ("renewed", (("reasons", d.reasons), ("until", show_date(d.expires_at)))),
    Step.CORROBORATE: lambda d: ("corroborated", (("reasons", d.reasons),)),
    Step.LIST: lambda d: ("officially listed", (("reasons", d.reasons),)),
    Step.APPEAL: lambda d: ("appeal", (("from", d.sender), ("grounds", grounds(d.grounds)), ("words", d.words))),
    Step.REVIEW: lambda d: ("review opened by the register", (("grounds", grounds(d.grounds)), ("words", d.words))),
    Step.DECIDE: lambda d: (f"decided: {STATUS[d.outcome]}", _decision(d)),
    Step.WITHDRAW: lambda d: ("withdrawn", (("reasons", d.reasons),)),
    Step.EXPIRE: lambda _d: ("expired", ()),
    Step.ERASE: lambda d: ("history erased", (("reasons", d.reasons),)),
}
