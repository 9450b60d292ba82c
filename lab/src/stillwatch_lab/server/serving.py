"""What a served model says to one request: text, log-probabilities, and what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.models.sampling import seeded
from stillwatch_lab.watermarks.scheme import Scheme

ANSWER = "</think>"


class Shown(StrEnum):
    """How much of the reasoning leaves the server."""

    FULL = "full"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Policy:
    """What the host serves: likeliest tokens named at most (0: no log-probabilities), reasoning, watermark."""

    top_logprobs: int = 5
    reasoning: Shown = Shown.FULL
    scheme: Scheme | None = None
    key: int = 0


@dataclass(frozen=True)
class Asked:
    """One request, checked."""

    prompt: tuple[int, ...]
    max_tokens: int
    temperature: float = 1.0
    seed: int = 0
    logprobs: int | None = None


@dataclass(frozen=True)
class Word:
    """One token that was said, its log-probability, and the likeliest ones there."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Said:
    """What the model said: reasoning and answer as tokens; ``ended`` if it stopped by itself."""

    reasoning: list[Word]
    answer: list[Word]
    ended: bool
    prompt_tokens: int
    completion_tokens: int


@dataclass
class Ledger:
    """What each key asked for and got since the server began. It limits nothing: that is the gateway's work."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def enter(self, key: str, said: Said, shown: int) -> None:
        """Add one call."""
        counter = self.counts.setdefault(key, Counter())
        counter.update(
            calls=1, prompt_tokens=said.prompt_tokens, completion_tokens=said.completion_tokens, logprob_entries=shown
        )


class _Marking(LogitsProcessor):
    def __init__(self, scheme: Scheme, key: int) -> None:
        self._process = scheme.processor(key)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return self._process(input_ids, scores)


@dataclass
class Served:
    """A model under a policy. One request at a time: the models are small and the random numbers reproducible."""

    it: LanguageModel
    policy: Policy
    name: str
    ledger: Ledger = field(default_factory=Ledger)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def encode(self, messages: list[dict[str, Any]]) -> tuple[int, ...]:
        """Turn a conversation into ids through the model's chat template."""
        text = self.it.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return tuple(self.it.tokenizer.encode(text, add_special_tokens=False))

    def answer(self, asked: Asked) -> Said:
        """Generate. The log-probabilities are the model's own, before temperature and watermark."""
        with self._one, seeded(asked.seed, self.it.device), torch.no_grad():
            ids = torch.tensor([asked.prompt], device=self.it.device)
            out = self.it.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                logits_processor=self._marking(),
                generation_config=self._how(asked),
            )
        said = out.sequences[0, len(asked.prompt) :].tolist()
        words = [self._word(token, scores[0], asked.logprobs) for token, scores in zip(said, out.logits, strict=True)]
        return self._split(said, words, len(asked.prompt))

    def _how(self, asked: Asked) -> GenerationConfig:
        room = int(getattr(self.it.model.config, "max_position_embeddings", 0)) or 10**6
        choose: dict[str, Any] = {"do_sample": False}
        if asked.temperature > 0:
            choose = {"do_sample": True, "temperature": asked.temperature, "top_k": 0, "top_p": 1.0}
        return GenerationConfig(
            max_new_tokens=max(1, min(asked.max_tokens, room - len(asked.prompt))),
            eos_token_id=self.it.end,
            pad_token_id=self.it.pad,
            return_dict_in_generate=True,
            output_logits=True,
            **choose,
        )

    def _marking(self) -> LogitsProcessorList:
        marked = self.policy.scheme is not None
        return LogitsProcessorList([_Marking(self.policy.scheme, self.policy.key)] if marked else [])  # type: ignore[arg-type]

    def _word(self, token: int, scores: Tensor, wanted: int | None) -> Word:
        log_probs = torch.log_softmax(scores.float(), -1)
        top = log_probs.topk(min(wanted or 0, self.policy.top_logprobs))
        named = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return Word(self._text(token), float(log_probs[token]), tuple((self._text(t), p) for t, p in named))

    def _text(self, token: int) -> str:
        return str(self.it.tokenizer.decode([token]))

    def _split(self, said: list[int], words: list[Word], prompt_tokens: int) -> Said:
        ended = bool(said) and said[-1] == self.it.end
        body = words[:-1] if ended else words
        at = next((place for place, word in enumerate(body) if word.text == ANSWER), None)
        reasoning, answer = ([], body) if at is None else (body[:at], body[at + 1 :])
        return Said(reasoning, answer, ended, prompt_tokens, len(said))
