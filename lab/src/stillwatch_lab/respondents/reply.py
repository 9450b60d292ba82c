"""What is said to a model and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reply:
    """What was said: the reasoning, where the model gives one, and the answer."""

    reasoning: str
    answer: str

    @property
    def text(self) -> str:
        """Everything that was said."""
        return f"{self.reasoning} {self.answer}".strip()


@dataclass(frozen=True)
class Manner:
    """How to ask: temperature 0 is greedy; the seed is passed on where the other side has one."""

    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0


class Respondent(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str:
        """Say who it is, as reports name it."""
        ...

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        """Answer each prompt, in order."""
        ...

    def fingerprint(self) -> str:
        """Say which model this is: the SHA-256 of its weights, or its address."""
        ...
