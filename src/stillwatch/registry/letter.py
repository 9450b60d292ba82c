"""The letter to a named party: what is claimed of it, on what evidence, until when it may answer, and how to appeal."""

from __future__ import annotations

from stillwatch.errors import RegistryError
from stillwatch.registry.criteria import ACTS, LIMBS, PURPOSE, SOURCE, Category, Met
from stillwatch.registry.nouns import Entry, Evidence
from stillwatch.registry.times import show_date


def write_letter(entry: Entry, *, register: str, deadline: int, reply_to: str) -> str:
    """Return the letter as plain text. Raises RegistryError before there is evidence to tell of."""
    if not entry.evidence:
        raise RegistryError(f"{entry.entry}: no evidence is attached yet; the party must be able to answer it")
    return "\n".join(
        [
            f"To: {entry.entity.name}",
            f"From: {register}",
            f"About: entry {entry.entry}, which is not public",
            "",
            "We intend to publish the entry below in a register of those who are said to extract the capabilities of",
            "AI models by systematic querying, or to sell accounts for that. Nothing was published yet.",
            "",
            f"You can answer until the end of {show_date(deadline)} (UTC), in any language, to: {reply_to}",
            "Your answer is published with the entry, as you wrote it. If you dispute the entry, it says so. If you do",
            "not answer, the entry says that, and that silence proves nothing.",
            "",
            "WHAT IS CLAIMED",
            *[f'  {c.rung}: "{c.words}" ({c.said_by}; confidence {c.confidence} of 100)' for c in entry.claims],
            "",
            f"CRITERIA ({SOURCE}; the bill is no law)",
            *_criteria(entry),
            "",
            "EVIDENCE",
            *[f"  {_evidence(e)}" for e in entry.evidence],
            "",
            "AFTERWARDS",
            "You can appeal at any time, free of charge, on any ground. Somebody who did not write the entry decides",
            "within 30 days, with reasons that are published. The entry expires within a year without new evidence.",
            "",
        ]
    )


def _criteria(entry: Entry) -> list[str]:
    criteria = entry.criteria
    lines = [_head(m, LIMBS[m.head]) for m in criteria.limbs] + [_head(m, PURPOSE[m.head]) for m in criteria.purpose]
    if criteria.category is Category.ACCOUNT_NETWORK:
        lines.append(f"  {', '.join(a for a in ACTS if a in criteria.acts)} accounts; knowingly: {criteria.knowing}")
    if criteria.free_expression is not None:
        lines.append(f"  VPN or anti-censorship exception, tested: {criteria.free_expression.words}")
    return [*lines, f"  authorised use, tested: {criteria.authorised_use.words}"]


def _head(met: Met, words: str) -> str:
    return f"  {words} [{met.mark}]: {met.words}"


def _evidence(evidence: Evidence) -> str:
    if evidence.is_official:
        return f"{evidence.authority}: {evidence.shows} ({evidence.url})"
    where = f"bundle {evidence.bundle}, entry {evidence.index} of the log {evidence.origin}"
    return f"{evidence.provider}: {evidence.shows} ({where})"
