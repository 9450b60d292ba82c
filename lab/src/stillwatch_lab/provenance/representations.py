"""Does it see texts as mine does? Likeness of inner states on the same texts, ranked among the controls.

Linear centred kernel alignment (Kornblith et al. 2019, arXiv 1905.00414), with the unbiased estimator of Song et al.
2012 in place of the plain one, which rises with the width of the states. REEF (arXiv 2410.14273) tests for copied
weights with it. Independent models of one language are alike too, so that a permutation of texts is no null for
this question: what counts is the rank among models known to be independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from stillwatch_lab.provenance.outcomes import Outcome, rank

FEWEST = 20
"""Texts below which the likeness is mostly chance; the unbiased estimator needs four at least."""


def find_likeness(one: Tensor, other: Tensor) -> float:
    """Measure linear CKA of two models' states (texts, width); widths may differ.

    1 for rotated and scaled copies; 0 is expected for unrelated ones.
    """
    kernels = [_hollow(states.double() @ states.double().T) for states in (one, other)]
    between = _hsic(kernels[0], kernels[1])
    own = _hsic(kernels[0], kernels[0]) * _hsic(kernels[1], kernels[1])
    return float(between / own.clamp(min=1e-300).sqrt()) if float(own) > 0 else 0.0


def examine_representations(mine: Tensor, suspect: Tensor, controls: Sequence[Tensor], *, alpha: float) -> Outcome:
    """Rank the suspect's likeness among the controls'.

    Power is for a suspect half as far from 1 as the best control. The measure has no sampling noise on given texts:
    power is 1 where the controls are enough for the rank to reach ``alpha``, else 0.
    """
    texts = len(mine)
    likeness = find_likeness(mine, suspect)
    others = [find_likeness(mine, control) for control in controls]
    least = 1 / (1 + len(controls))
    enough = texts >= FEWEST and bool(controls)
    spread = f"{min(others):.3f} to {max(others):.3f}" if others else "none"
    return Outcome(
        test="representations",
        statistic=likeness,
        p_value=rank(likeness, others) if enough else 1.0,
        least=least if enough else 1.0,
        power=1.0 if enough and least <= alpha else 0.0,
        queries=0,
        notes=f"likeness {likeness:.3f} over {texts} texts; controls {spread}.",
    )


def _hollow(kernel: Tensor) -> Tensor:
    return kernel - torch.diag(kernel.diagonal())


def _hsic(one: Tensor, other: Tensor) -> Tensor:
    """Estimate the Hilbert-Schmidt independence criterion without bias from kernels with empty diagonals."""
    n = len(one)
    trace = (one * other).sum()
    sums = one.sum() * other.sum() / ((n - 1) * (n - 2))
    crossed = (one.sum(0) @ other.sum(1)) * 2 / (n - 2)
    return (trace + sums - crossed) / (n * (n - 3))
