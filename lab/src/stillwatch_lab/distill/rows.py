"""From samples to the tensors of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stillwatch_lab.distill.samples import THINK, THOUGHT, Messages, Sample
from stillwatch_lab.losses.tail import TopK

Places = tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True)
class Row:
    """Prompt and completion in the student's tokens, the end included where the teacher ended."""

    tokens: tuple[int, ...]
    prompt_tokens: int
    top: Places | None = None
    """The teacher's likeliest tokens at each token of the completion, if they were recorded."""


@dataclass(frozen=True)
class Batch:
    """Rows side by side, filled on the right, so that every architecture sees a row as it would alone."""

    tokens: Tensor
    """[rows, time]"""
    attention: Tensor
    """[rows, time]: 1 for a token of the row, 0 for filling."""
    completion: Tensor
    """[rows, time - 1]: true where the *next* token belongs to the completion."""
    top: TopK | None
    """[rows, time - 1, k], where every row has one."""

    @property
    def completion_tokens(self) -> int:
        """How many tokens the loss is about."""
        return int(self.completion.sum())


def render(messages: Messages, tokenizer: Any) -> tuple[int, ...]:
    """Write a prompt in tokens: by the tokenizer's chat template, or as the messages' bare text where it has none."""
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        return tuple(tokenizer(text, add_special_tokens=False).input_ids)
    return tuple(tokenizer("\n".join(m["content"] for m in messages)).input_ids)


def make_row(sample: Sample, tokenizer: Any, *, reasoning: bool, same_tokens: bool) -> Row:
    """Write a sample in the student's tokens.

    ``same_tokens`` says that teacher and student number tokens alike, so that the teacher's own can be used; text that
    is tokenised again may fall into other pieces than the teacher wrote.
    """
    prompt = render(sample.messages, tokenizer)
    end = (int(tokenizer.eos_token_id),) if sample.ended else ()
    if same_tokens and sample.tokens is not None and sample.top is not None:
        thought = _thought(sample, tokenizer) if reasoning else ()
        top = (*map(_certain, thought), *sample.top, *map(_certain, end))
        return Row((*prompt, *thought, *sample.tokens, *end), len(prompt), top)
    if same_tokens and sample.tokens is not None and (reasoning or not sample.reasoning):
        return Row((*prompt, *sample.tokens, *end), len(prompt))
    written = tokenizer(sample.text(reasoning=reasoning), add_special_tokens=False).input_ids
    return Row((*prompt, *written, *end), len(prompt))


def _thought(sample: Sample, tokenizer: Any) -> tuple[int, ...]:
    if not sample.reasoning:
        return ()
    return tuple(tokenizer(f"{THINK}{sample.reasoning}{THOUGHT}", add_special_tokens=False).input_ids)


def _certain(token: int) -> tuple[tuple[int, float], ...]:
    """Take a token for certain that was seen without its probability: its divergence is its cross-entropy."""
    return ((token, 0.0),)


def make_batch(rows: list[Row], *, pad: int, max_length: int, device: str) -> Batch:
    """Put rows side by side, each cut at ``max_length`` tokens."""
    cut = [row.tokens[:max_length] for row in rows]
    longest = max(map(len, cut))
    tokens = torch.full((len(rows), longest), pad)
    attention = torch.zeros(len(rows), longest, dtype=torch.long)
    for place, row in enumerate(cut):
        tokens[place, : len(row)] = torch.tensor(row)
        attention[place, : len(row)] = 1
    starts = torch.tensor([row.prompt_tokens for row in rows]).unsqueeze(1)
    following = torch.arange(1, longest).unsqueeze(0)
    completion = attention[:, 1:].bool() & (following >= starts)
    top = _side_by_side(rows, longest) if all(row.top is not None for row in rows) else None
    moved = TopK(top.tokens.to(device), top.log_probs.to(device)) if top else None
    return Batch(tokens.to(device), attention.to(device), completion.to(device), moved)


def _side_by_side(rows: list[Row], longest: int) -> TopK:
    k = max((len(place) for row in rows for place in row.top or ()), default=1)
    tokens = torch.zeros(len(rows), longest - 1, k, dtype=torch.long)
    log_probs = torch.full((len(rows), longest - 1, k), -torch.inf)
    for number, row in enumerate(rows):
        for offset, place in enumerate((row.top or ())[: longest - row.prompt_tokens], row.prompt_tokens - 1):
            for rank, (token, log_prob) in enumerate(place):
                tokens[number, offset, rank], log_probs[number, offset, rank] = token, log_prob
    return TopK(tokens, log_probs)
