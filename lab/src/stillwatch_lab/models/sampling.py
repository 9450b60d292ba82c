"""Text from a language model, reproducibly."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig

from stillwatch_lab.errors import ModelError
from stillwatch_lab.models.folders import LanguageModel


def equal_lengths(prompts: Sequence[tuple[int, ...]], *, size: int) -> list[list[int]]:
    """Divide prompts, by their places, into batches of one length each, ``size`` at most.

    No filling in front of a prompt: compressed attention (deepseek_v4 in transformers 5.23) compresses the filling
    along and answers otherwise than for the prompt alone, by up to 0.18 in the logits of our tiny model.
    """
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, prompt in enumerate(prompts):
        by_length[len(prompt)].append(place)
    return [places[at : at + size] for _, places in sorted(by_length.items()) for at in range(0, len(places), size)]


@torch.no_grad()
def complete(
    it: LanguageModel, prompts: Sequence[tuple[int, ...]], *, max_new_tokens: int, temperature: float, seed: int
) -> list[tuple[tuple[int, ...], bool]]:
    """Complete prompts of one length: for each its new tokens without the end, and whether it ended.

    An answer ends where the model has no more positions. Raises ModelError for prompts that leave no room at all.
    Samples from the whole distribution at ``temperature`` (0 = likeliest token). The same prompts, seed, device and
    number of threads give the same text.
    """
    left = it.room - len(prompts[0])
    if left < 1:
        raise ModelError(
            f"a prompt has {len(prompts[0])} tokens, the model positions for {it.room}: shorten the prompt"
        )
    asked = torch.tensor(prompts, device=it.device)
    how: dict[str, Any] = {"do_sample": False}
    if temperature > 0:
        how = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    config = GenerationConfig(max_new_tokens=min(max_new_tokens, left), eos_token_id=it.end, pad_token_id=it.pad, **how)
    training = it.model.training
    it.model.eval()
    with seeded(seed, it.device):
        tokens = it.model.generate(asked, attention_mask=torch.ones_like(asked), generation_config=config)
    it.model.train(training)
    return [_until_end(row, it.end) for row in tokens[:, asked.shape[1] :].tolist()]


def mixed(*parts: int) -> int:
    """Make one seed of several numbers, so that neighbours share nothing."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8]) >> 1


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Give a block random numbers of its own: what runs before and after does not matter."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _until_end(tokens: Iterable[int], end: int) -> tuple[tuple[int, ...], bool]:
    written: list[int] = []
    for token in tokens:
        if token == end:
            return tuple(written), True
        written.append(token)
    return tuple(written), False
