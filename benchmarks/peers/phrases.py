"""Phrases by which rules recognise requests for reasoning: Glasswally's published list (commit 300eedc, MIT).

AegisGate's own list is not in its description, so its rule is given this one too.
"""

from __future__ import annotations

PHRASES = (
    *(f"chain{a}of{b}thought" for a in " -" for b in " -"),
    *(f"step{a}by{b}step" for a in " -" for b in " -"),
    "articulate the internal",
    "articulate your reasoning",
    *(f"{verb} {whose} reasoning" for verb in ("walk through", "trace") for whose in ("your", "the")),
    *(f"{verb} {which} step" for verb in ("show", "write out") for which in ("each", "every")),
    "explain your reasoning process",
    "explain your reasoning chain",
    "reward model",
    "rubric-based grading",
    "rubric-based scoring",
    "act as a judge",
    "act as a grader",
    "act as an evaluator",
    "internal reasoning behind",
    "labeled tuple",
    "censorship-safe",
    "censorship safe alternative",
    "preserve the informational intent",
    "politically sensitive",
    "reinforcement learning",
    "respond only in json",
    "respond only with json",
    "complete and transparent reasoning",
    "statistical rigor with deep domain",
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
    folded = text.lower()
    return any(phrase in folded for phrase in PHRASES)


def domain_of(text: str) -> str | None:
    """Return the first domain with a word in the text, or ``None``."""
    folded = text.lower()
    return next((name for name, words in DOMAINS.items() if any(w in folded for w in words)), None)
