"""What a served model says to one request: text, log-probabilities, and what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.models.sampling import seeded
from stillwatch_lab.models.tokenizers import token_of_bytes
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
    """One token, its log-probability, and the likeliest ones there by number."""

    token: int
    text: str
    logprob: float
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Said:
    """What the model said: reasoning and answer as tokens; ``ended`` if it stopped by itself."""

    reasoning: list[Word]
    answer: list[Word]
    ended: bool
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Scored:
    """The prompt's tokens (the first has nothing to be scored by), where they were to be scored, and those after it."""

    prompt: list[Word]
    said: list[Word]
    ended: bool


@dataclass
class Ledger:
    """What each key asked for and got since the server began. It limits nothing: that is the gateway's work."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, key: str, prompt_tokens: int, completion_tokens: int, logprob_entries: int) -> None:
        """Add one call."""
        self.counts.setdefault(key, Counter()).update(
            calls=1,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            logprob_entries=logprob_entries,
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
        with self._one:
            said, words = self._generate(asked)
        return self._split(said, words, len(asked.prompt))

    def go_on(self, asked: Asked, *, scored_prompt: bool) -> Scored:
        """Go on with a bare prompt as far as there is room, and score the prompt itself where that is asked for."""
        with self._one:
            before = self._score(asked) if scored_prompt else []
            full = asked.max_tokens == 0 or len(asked.prompt) >= self.it.room
            said, words = ([], []) if full else self._generate(asked)
        ended = bool(said) and said[-1] == self.it.end
        return Scored(before, words[:-1] if ended else words, ended)

    @torch.no_grad()
    def _score(self, asked: Asked) -> list[Word]:
        """Score each token of the prompt by those before it; the first as if all were as likely."""
        ids = torch.tensor([asked.prompt], device=self.it.device)
        logits = self.it.model(ids, attention_mask=torch.ones_like(ids)).logits[0]
        scores = torch.cat([torch.zeros_like(logits[:1]), logits[:-1]])
        return [self._word(token, one, asked.logprobs) for token, one in zip(asked.prompt, scores, strict=True)]

    def _generate(self, asked: Asked) -> tuple[list[int], list[Word]]:
        with seeded(asked.seed, self.it.device), torch.no_grad():
            ids = torch.tensor([asked.prompt], device=self.it.device)
            out = self.it.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                logits_processor=self._marking(),
                generation_config=self._how(asked),
            )
        said = out.sequences[0, len(asked.prompt) :].tolist()
        return said, [self._word(token, one[0], asked.logprobs) for token, one in zip(said, out.logits, strict=True)]

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        return token_of_bytes(self.it.tokenizer)

    def label(self, token: int) -> str:
        """Name a token by its text, or by its number where the text is another's or no whole characters."""
        text = self.text(token)
        return text if self._numbers.get(text.encode()) == token else f"token_id:{token}"

    def _how(self, asked: Asked) -> GenerationConfig:
        choose: dict[str, Any] = {"do_sample": False}
        if asked.temperature > 0:
            choose = {"do_sample": True, "temperature": asked.temperature, "top_k": 0, "top_p": 1.0}
        return GenerationConfig(
            max_new_tokens=max(1, min(asked.max_tokens, self.it.room - len(asked.prompt))),
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
        return Word(token, self.text(token), float(log_probs[token]), tuple(named))

    def text(self, token: int) -> str:
        """Write one token."""
        return str(self.it.tokenizer.decode([token]))

    def _split(self, said: list[int], words: list[Word], prompt_tokens: int) -> Said:
        ended = bool(said) and said[-1] == self.it.end
        body = words[:-1] if ended else words
        at = next((place for place, word in enumerate(body) if word.text == ANSWER), None)
        reasoning, answer = ([], body) if at is None else (body[:at], body[at + 1 :])
        return Said(reasoning, answer, ended, prompt_tokens, len(said))
