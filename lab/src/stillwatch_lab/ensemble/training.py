"""Train the members of an ensemble, each on rows of its own, in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.keeping import Training, keep


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the pilot's (facts: AdamW, cosine to 5 %, clipped at 1)."""

    steps: int = 600
    rows: int = 64
    rate: float = 3e-3
    warm_up: int = 50
    decay: float = 0.01
    seed: int = 0
    clip: float = 1.0

    def rate_at(self, step: int) -> float:
        """Rise linearly, then fall along a cosine to 5 %."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


@dataclass(frozen=True)
class Corpora:
    """What each member reads.

    ``ids`` and ``said`` (members, rows, places): the words, and which of them are learnt. ``teacher`` (the same and
    the vocabulary; half precision): for logit distillation, the teacher's log-probabilities of the word *at* each
    place. A first dimension of 1 is one corpus for all members.
    """

    ids: Tensor
    said: Tensor
    teacher: Tensor | None = None


def train(
    models: Decoders, corpora: Corpora, recipe: Recipe, *, on_step: Callable[[int, Tensor], None] | None = None
) -> Tensor:
    """Train in place; gives the mean loss of each member over the last tenth of the steps, in nats a word.

    Inside ``keep_training`` it goes on from where it was broken off.
    """
    optimizer = torch.optim.AdamW(models.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.decay)
    draw = torch.Generator().manual_seed(recipe.seed)
    last: list[Tensor] = []
    kept = keep(Training(models, optimizer, draw, last), models.shape, models.members, recipe, corpora.ids)
    for step in range(kept.step if kept else 0, recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_at(step)
        losses = _losses(models, *_batch(models.members, corpora, recipe.rows, draw))
        optimizer.zero_grad()
        losses.sum().backward()
        _clip(list(models.parameters()), recipe.clip)
        optimizer.step()
        if step >= recipe.steps - max(1, recipe.steps // 10):
            last.append(losses.detach())
        if on_step:
            on_step(step, losses.detach())
        if kept:
            kept.after(step, recipe.steps)
    return torch.stack([loss.cpu() for loss in last]).mean(0)


def _batch(members: int, corpora: Corpora, rows: int, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor | None]:
    own, size = corpora.ids.shape[:2]
    chosen = torch.randint(size, (members, rows), generator=draw)
    whose = torch.arange(members).view(-1, 1) % own
    ids, said = corpora.ids[whose, chosen].long(), corpora.said[whose, chosen]
    used = int((ids != 0).any(dim=0).any(dim=0).sum())
    teacher = None if corpora.teacher is None else corpora.teacher[whose, chosen][:, :, :used]
    return ids[:, :, :used], said[:, :, :used], teacher


def _losses(models: Decoders, ids: Tensor, said: Tensor, teacher: Tensor | None) -> Tensor:
    ids, said = ids.to(models.device), said.to(models.device)
    logits = models(ids[:, :, :-1])
    learnt = said[:, :, 1:]
    if teacher is None:
        each = functional.cross_entropy(logits.flatten(0, 2), ids[:, :, 1:].flatten(), reduction="none").view(
            learnt.shape
        )
    else:
        wanted = teacher[:, :, 1:].to(models.device).float().exp()
        each = -(wanted * functional.log_softmax(logits, dim=-1)).sum(-1)
    return (each * learnt).sum((1, 2)) / learnt.sum((1, 2)).clamp(min=1)


def _clip(weights: list[nn.Parameter], norm: float) -> None:
    """Clip the gradient of each member by its own norm."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0)
    scale = (norm / (squares.sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))
