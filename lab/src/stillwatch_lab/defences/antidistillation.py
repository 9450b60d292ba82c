"""Antidistillation sampling (Savani et al. 2025, arXiv 2504.13146): choose words that would teach a proxy badly."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stillwatch_lab.defences.defence import Arm, Defence, defence
from stillwatch_lab.ensemble.decoders import Cache, Decoders, Shape
from stillwatch_lab.ensemble.sampling import Sampling, sample
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.watermarks.scheme import Processor
from stillwatch_lab.world.questions import draw_questions
from stillwatch_lab.world.transcripts import Transcripts, write_prompts
from stillwatch_lab.world.world import World

STEP = 0.05
"""Length of the step ε·|g| from the proxy along the gradient, as in the pilot (facts: ε = 0.05 / |g|)."""
PROXY_WIDTH = 32
"""The host does not know the student's size: its proxy is a third smaller than the lab's students."""
PROXY = Recipe(rows=64, rate=1e-2)
LESSONS = 1_000
"""Answers of its own on which the host trains the proxy, and as many held out for the gradient."""


@defence("antidistillation")
@dataclass(frozen=True)
class Antidistillation(Defence):
    """Draw from l_T + strength · [log p(θ + εg) - log p(θ - εg)] / (2 ε |g|).

    θ is a proxy student, g the gradient of its loss on held-out answers: to learn a word with a large bracket moves a
    student like the proxy where it loses.
    """

    misses = "who keeps what can be checked or what most answers agree on; students unlike the proxy"
    strength: float = 0.7
    """About what costs honest users as much as temperature 1.5 does (lab/LOG.md)."""
    proxy_steps: int = 200
    """Half trained: a finished proxy has no gradient left to go against."""

    def arm(self, teacher: Decoders, world: World) -> Arm:
        """Train the proxy, take the gradient once."""
        proxy, loss_gradient = train_proxy(teacher, world, steps=int(self.proxy_steps))
        ahead, behind = step_along(proxy, loss_gradient, STEP), step_along(proxy, loss_gradient, -STEP)
        return lambda: self._processor(ahead, behind)

    def _processor(self, ahead: Decoders, behind: Decoders) -> Processor:
        caches: tuple[Cache, Cache] = ([], [])

        @torch.no_grad()
        def steer(ids: Tensor, scores: Tensor) -> Tensor:
            new = ids if not caches[0] else ids[:, -1:]
            one, other = (
                torch.log_softmax(model(new[None], cache)[0, :, -1], dim=-1)
                for model, cache in zip((ahead, behind), caches, strict=True)
            )
            return scores + self.strength * (one - other) / (2 * STEP)

        return steer


def train_proxy(teacher: Decoders, world: World, *, steps: int) -> tuple[Decoders, dict[str, Tensor]]:
    """Train the host's proxy on answers of its own; give it with the gradient of its loss on held-out ones."""
    shape = Shape(teacher.shape.vocabulary, teacher.shape.positions, PROXY_WIDTH, teacher.shape.layers, 4)
    proxy = Decoders(shape, members=1, seed=zlib.crc32(b"proxy"))
    train(proxy, _corpus(_answers(teacher, world, "proxy")), replace(PROXY, steps=steps))
    held_out = _corpus(_answers(teacher, world, "held out by the host"))
    proxy.zero_grad()
    logits = proxy(held_out.ids.long()[:, :, :-1])
    losses = torch.nn.functional.cross_entropy(
        logits[0].transpose(1, 2), held_out.ids[0, :, 1:].long(), reduction="none"
    )
    learnt = held_out.said[0, :, 1:]
    ((losses * learnt).sum() / learnt.sum()).backward()
    gradient = {name: weight.grad.detach().clone() for name, weight in proxy.w.items() if weight.grad is not None}
    proxy.zero_grad()
    return proxy, gradient


def step_along(proxy: Decoders, gradient: dict[str, Tensor], length: float) -> Decoders:
    """Copy the proxy, moved along the gradient by a step of that length."""
    norm = torch.sqrt(sum((g.square().sum() for g in gradient.values()), start=torch.zeros(())))
    moved = proxy.pick([0])
    with torch.no_grad():
        for name, weight in moved.w.items():
            weight.add_(gradient[name] / norm, alpha=length)
    return moved


def _answers(teacher: Decoders, world: World, seed: str) -> Transcripts:
    asked = write_prompts(world, [q.words for q in draw_questions(world, LESSONS, seed=seed)])
    said = sample(
        teacher,
        torch.from_numpy(asked.ids)[None],
        torch.from_numpy(asked.prompts)[None],
        Sampling(seed=zlib.crc32(seed.encode())),
    )
    return Transcripts(said[0].numpy(), asked.prompts)


def _corpus(rows: Transcripts) -> Corpora:
    return Corpora(torch.from_numpy(rows.ids)[None], torch.from_numpy(rows.said)[None])
