"""Phrases by which rules recognise requests for reasoning: Glasswally's published list (commit 300eedc, MIT).

AegisGate's own list is not in its description, so its rule is given this one too.
"""

from __future__ import annotations

import re

_COT = re.compile(
    r"chain[ -]of[ -]thought|step[ -]by[ -]step|articulate (?:the internal|your) reasoning"
    r"|(?:walk through|trace) (?:your|the) reasoning|show (?:every|each) step|write out (?:each|every) step"
    r"|explain your reasoning (?:process|chain)|reward model|rubric-based (?:grading|scoring)"
    r"|act as (?:a judge|a grader|an evaluator)|internal reasoning behind|labeled tuple|censorship-safe"
    r"|censorship safe alternative|preserve the informational intent|politically sensitive"
    r"|reinforcement learning"
    r"|respond only (?:in|with) json|complete and transparent reasoning|statistical rigor with deep domain",
    re.IGNORECASE,
)

DOMAINS = {
    "reasoning": ("chain of thought", "step by step"),
    "agentic": ("tool_call", "tool use", "multi-step plan", "agent loop"),
    "coding": ("implement", "production-grade", "unit test"),
    "vision": ("computer-use", "screenshot", "vision agent"),
    "reward": ("reward model", "rubric", "reinforcement"),
    "censorship": ("censorship-safe", "politically"),
    "data": ("data analyst", "statistical rigor"),
}
"""Glasswally's capability domains and the words that put a prompt into one."""


def asks_for_reasoning(text: str) -> bool:
    """Whether the text holds any of the phrases, in any letter case."""
    return _COT.search(text) is not None


def domain_of(text: str) -> str | None:
    """Return the first domain with a word in the text, or ``None``."""
    folded = text.lower()
    return next((name for name, words in DOMAINS.items() if any(w in folded for w in words)), None)
