"""What a teacher must be able to do, and what asking it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from torch import Tensor

from stillwatch_lab.distill.rows import Batch
from stillwatch_lab.distill.samples import Job, Sample
from stillwatch_lab.losses.tail import TopK


@dataclass
class Ledger:
    """What the teacher was asked for and gave: the attacker's side of the bill."""

    queries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    logprob_entries: int = 0
    """Log-probabilities given, each distribution once, a whole one counted as the size of the vocabulary."""

    def add_sample(self, sample: Sample) -> None:
        """Note an answer."""
        self.queries += 1
        self.prompt_tokens += sample.prompt_tokens
        self.completion_tokens += sample.completion_tokens

    def add_scoring(self, batch: Batch, entries: int) -> None:
        """Note that the teacher read each row of a batch and gave ``entries`` log-probabilities a token of it."""
        self.queries += len(batch.tokens)
        self.prompt_tokens += int(batch.attention.sum())
        self.logprob_entries += entries * batch.completion_tokens

    def set(self, counts: dict[str, int]) -> None:
        """Go on from what was noted before."""
        self.__dict__.update(counts)

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(**{name: count + other.to_dict()[name] for name, count in self.to_dict().items()})

    def to_dict(self) -> dict[str, int]:
        """Give the counts by their names."""
        return asdict(self)


class Teacher(Protocol):
    """A model that answers, seen from the one that is trained on it."""

    name: str
    tokenizer: Any | None
    """None: it answers in text, and nobody knows its tokens."""
    room: int
    """How many tokens it can score at once."""

    def batches(self, jobs: list[Job]) -> list[list[Job]]:
        """Divide jobs into what is answered at once; the same jobs, the same batches."""

    def answer(self, batch: list[Job]) -> list[Sample]:
        """Answer every job of a batch. The same batch, the same answers, as far as the teacher allows."""

    def distributions(self, batch: Batch) -> Tensor | TopK:
        """Give logits [rows, time - 1, vocabulary], or the likeliest tokens, for each next token of the rows."""

    def describe(self) -> dict[str, Any]:
        """Say for the run card what this teacher is."""

    def close(self) -> None:
        """Let go of what is held open to ask it."""
