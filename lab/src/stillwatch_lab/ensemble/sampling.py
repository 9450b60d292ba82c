"""Let the members of an ensemble go on with prompts, all rows in lockstep."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.ensemble.decoders import Cache, Decoders
from stillwatch_lab.watermarks.scheme import Processor


@dataclass(frozen=True)
class Sampling:
    """How to choose words. Temperature 0 takes the likeliest. The processor sees the rows of all members, flat."""

    temperature: float = 1.0
    end: int = 4
    pad: int = 0
    seed: int = 0
    processor: Processor | None = None


@torch.no_grad()
def sample(models: Decoders, prompts: Tensor, lengths: Tensor, how: Sampling) -> Tensor:
    """Go on with ``prompts`` (members, rows, places), of which ``lengths`` (members, rows) places are given.

    Places advance together: at a given place the prompt's word is taken, after it the sampled one, so rows need no
    alignment. Gives the rows where the prompts are, whatever device the models are on.
    """
    members, rows, places = prompts.shape
    ids, given = prompts.to(models.device, copy=True), lengths.view(members, rows).to(models.device)
    draw = torch.Generator(models.device).manual_seed(how.seed)
    cache: Cache = []
    done = torch.zeros(members, rows, dtype=torch.bool, device=models.device)
    for place in range(1, places):
        logits = models(ids[:, :, place - 1 : place], cache)[:, :, -1]
        if place < int(given.min()):
            continue
        word = _choose(logits, ids[:, :, :place], how, draw)
        word = torch.where(done, how.pad, word)
        asked = place < given
        ids[:, :, place] = torch.where(asked, ids[:, :, place], word)
        done |= ~asked & (ids[:, :, place] == how.end)
        if bool(done.all()):
            break
    return ids.to(prompts.device)


def _choose(logits: Tensor, before: Tensor, how: Sampling, draw: torch.Generator) -> Tensor:
    members, rows, vocabulary = logits.shape
    if how.processor:
        # Watermarks are tables in main memory.
        marked = how.processor(before.flatten(0, 1).cpu(), logits.flatten(0, 1).cpu())
        logits = marked.view(members, rows, vocabulary).to(logits.device)
    if how.temperature == 0:
        return logits.argmax(-1)
    # Gumbel: the largest of logit / temperature + noise is a draw from the softmax.
    noise = -torch.empty_like(logits).exponential_(generator=draw).log()
    return (logits / how.temperature + noise).argmax(-1)


@torch.no_grad()
def next_words(models: Decoders, ids: Tensor) -> Tensor:
    """Score the word at each place given those before, as log-probabilities; the first place has zeros."""
    scored = torch.log_softmax(models(ids[:, :, :-1].to(models.device)), dim=-1).to(ids.device)
    return torch.cat([torch.zeros_like(scored[:, :, :1]), scored], dim=2)
