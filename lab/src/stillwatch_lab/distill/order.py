"""Which rows a step sees: a function of the seed and the step alone, so that a resumed run sees the same."""

from __future__ import annotations

import torch

from stillwatch_lab.models.sampling import mixed

HELD_OUT, EPOCH = 1, 2
"""Keep the two uses of the seed apart."""


def held_out_numbers(prompts: int, *, share: float, seed: int) -> set[int]:
    """Draw the prompts that only measure; at least one stays on either side where ``share`` is neither 0 nor 1."""
    if share == 0 or prompts == 1:
        return set()
    count = min(max(round(share * prompts), 1), prompts - 1)
    return set(_permutation(prompts, mixed(seed, HELD_OUT))[:count])


def places_at(step: int, *, rows: int, size: int, seed: int) -> list[int]:
    """List the ``size`` rows of a step (from 0); each epoch is a permutation of all rows."""
    start = step * size
    epochs = range(start // rows, (start + size - 1) // rows + 1)
    order = [place for epoch in epochs for place in _permutation(rows, mixed(seed, EPOCH, epoch))]
    offset = start - epochs[0] * rows
    return order[offset : offset + size]


def _permutation(count: int, seed: int) -> list[int]:
    return [int(place) for place in torch.randperm(count, generator=torch.Generator().manual_seed(seed))]
