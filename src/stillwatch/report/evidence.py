"""The two questions and their evidence by family, as the page draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stillwatch.report import figures, words

Json = dict[str, Any]
FAMILIES = {
    "content": "what is asked",
    "timing": "when",
    "network": "from where",
    "identity": "who signed up",
    "economy": "how it is used",
    "partners": "what other hosts shared",
}


@dataclass(frozen=True)
class Evidence:
    """One family's part of an answer."""

    family: str
    about: str
    bits: str
    bar: figures.Bar
    findings: list[tuple[str, str]]
    capped: str


@dataclass(frozen=True)
class Answer:
    """One of the two questions with its answer."""

    question: str
    verdict: str
    bits: str
    prior: str
    evidence: list[Evidence]


def answer(question: str, given: Json) -> Answer:
    """Put an answer of ``campaigns.json`` into words and bars."""
    total = float(given.get("bits", 0.0))
    verdict = (
        f"{'Yes' if total >= 0 else 'No'}: {words.strength_word(abs(total))} evidence, odds about {words.odds(total)}"
    )
    evidence = [_evidence(family, part) for family, part in given.get("evidence", {}).items()]
    prior = words.bits(float(given.get("prior_bits", 0.0)), signed=True)
    return Answer(question, verdict, words.bits(total, signed=True), prior, evidence)


def _evidence(family: str, part: Json) -> Evidence:
    found = [(str(f.get("says", "")), float(f.get("bits", 0.0))) for f in part.get("findings", [])]
    total, counted = sum(b for _, b in found), float(part.get("bits", 0.0))
    # Each number is rounded to two decimals where it is written, so a sum of a few is off by less than a tenth.
    capped = f"{words.bits(total, signed=True)} in all, counted as {words.bits(counted, signed=True)}."
    return Evidence(
        family,
        FAMILIES.get(family, "other"),
        words.bits(counted, signed=True),
        figures.bar(counted),
        [(says, words.bits(b, signed=True) if len(found) > 1 else "") for says, b in found],
        capped if abs(total - counted) > 0.1 else "",
    )
