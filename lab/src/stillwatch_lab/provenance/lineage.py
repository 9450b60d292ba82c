"""Do its weights descend from mine? Neurons that stand where the host's stand, against the same neurons shuffled.

Train two models from random starts that were drawn independently: the law of either is the same after the hidden
neurons of one of its feed-forward layers have changed places, since all of them start alike and gradient descent
treats all of them alike, whatever the two were trained on. So a suspect whose neurons resemble the host's place by
place more than after nearly every shuffle did not start independently of it, and the p-value is exact without any
control model (Zhu et al., ICML 2025, arXiv 2502.12292, their constrained setting; the formulas here are ours).

It answers another question than distillation: a student that started afresh is *not* found. Whoever shuffles the
neurons of a copy escapes it (that paper's second setting), and two models initialised from one seed are found though
neither was made from the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.provenance.outcomes import Outcome, critical, normal_above

INTO = {"c_fc": True, "gate_proj": False, "up_proj": False, "dense_h_to_4h": False, "fc1": False}
OUT_OF = {"c_proj": False, "down_proj": True, "dense_4h_to_h": True, "fc2": True}
"""Names that transformers gives to weights into and out of hidden neurons; whether a neuron is a column there."""
MOST = 1_024
"""Neurons of a layer that are compared, drawn at random, the same places in every model: shuffling some of them is as
exact as shuffling all, and a large model's fit into memory."""
AT_ONCE = 256
"""Shuffles computed together: 2 MB a layer."""
FEWEST = 8
"""Neurons: 8! shuffles are 40,320, so that p-values down to any alpha in use exist."""

Neurons = dict[str, Tensor]
"""For each feed-forward layer, by its name, one row a hidden neuron: all weights into it, then all out of it."""


def read_neurons(weights: Mapping[str, Tensor]) -> Neurons:
    """Collect the hidden neurons of each feed-forward layer whose weights have a known name; others are left."""
    into: dict[str, list[Tensor]] = defaultdict(list)
    out_of: dict[str, Tensor] = {}
    for name, weight in sorted(weights.items()):
        found = re.fullmatch(r"(.+)\.(\w+)\.weight", name)
        if not found or weight.dim() != 2:
            continue
        layer, part = found[1], found[2]
        if part in INTO:
            into[layer].append(weight.T if INTO[part] else weight)
        elif part in OUT_OF:
            out_of[layer] = weight.T if OUT_OF[part] else weight
    return {layer: _choose([*into[layer], out_of[layer]]) for layer in into if layer in out_of}


@dataclass(frozen=True)
class Lineage:
    """Mean cosine between neurons in the same place, its p-value over the shuffles, and their standard deviation."""

    likeness: float
    p_value: float
    null_spread: float
    neurons: int


def find_lineage(mine: Neurons, suspect: Neurons, *, shuffles: int, seed: int) -> Lineage:
    """Compare the layers that both have in the same shape. With too few neurons the p-value is 1."""
    draw = torch.Generator().manual_seed(seed)
    whole, shuffled, count = 0.0, torch.zeros(shuffles, dtype=torch.float64), 0
    for layer in sorted(set(mine) & set(suspect)):
        one, other = mine[layer], suspect[layer]
        if one.shape != other.shape or len(one) < FEWEST:
            continue
        likeness = _cosines(one, other)
        whole += float(likeness.diagonal().sum())
        shuffled += _shuffle(likeness, shuffles, draw)
        count += len(likeness)
    if not count:
        return Lineage(0.0, 1.0, float("nan"), 0)
    # As with keys: a tie must count against the claim, and sums of the same numbers differ in the last bits.
    p_value = (1 + int((shuffled >= whole - 1e-9).sum())) / (1 + shuffles)
    return Lineage(whole / count, p_value, float(shuffled.std()) / count, count)


def examine_lineage(mine: Neurons, suspect: Neurons, *, alpha: float, kept: float, shuffles: int, seed: int) -> Outcome:
    """Test by shuffling. Power is for a descendant whose neurons have kept the mean cosine ``kept``."""
    found = find_lineage(mine, suspect, shuffles=shuffles, seed=seed)
    able = found.neurons and found.null_spread > 0
    return Outcome(
        test="weight lineage",
        statistic=found.likeness,
        p_value=found.p_value,
        least=1 / (1 + shuffles) if able else 1.0,
        power=normal_above(critical(alpha) - kept / found.null_spread) if able else 0.0,
        queries=0,
        notes=f"mean cosine {found.likeness:+.4f} of {found.neurons} neurons; shuffles spread {found.null_spread:.4f}. "
        "A student that was trained from its own start has none."
        if able
        else "no feed-forward layer of one shape in both models: another architecture has no weights to compare.",
    )


def _choose(parts: list[Tensor]) -> Tensor:
    """Take the rows of at most ``MOST`` neurons."""
    count = min(len(part) for part in parts)
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(0))[:MOST]
    return torch.cat([part[chosen].float() for part in parts], dim=1)


def _cosines(one: Tensor, other: Tensor) -> Tensor:
    """Give the cosine of each of one's neurons with each of the other's."""
    unit = [torch.nn.functional.normalize(neurons.double(), dim=1) for neurons in (one, other)]
    return unit[0] @ unit[1].T


def _shuffle(likeness: Tensor, shuffles: int, draw: torch.Generator) -> Tensor:
    """Give the sum of cosines after each of ``shuffles`` shuffles of the second model's neurons."""
    sums = []
    for start in range(0, shuffles, AT_ONCE):
        orders = torch.rand(min(AT_ONCE, shuffles - start), len(likeness), generator=draw).argsort(1)
        sums.append(likeness[torch.arange(len(likeness)), orders].sum(1))
    return torch.cat(sums)
