"""Was it trained on watermarked text of mine? Its words carry the mark; the null: the same under re-drawn keys.

Sander et al. 2024 (arXiv 2402.14904) count green words once per distinct pair of context and word, which throws the
signal away where few pairs exist. Here each context has one weight, as in antidistillation fingerprinting (arXiv
2602.03812), and the p-value comes from keys drawn as the true one was: exact whatever repeats, since an innocent
model's words do not depend on the key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from stillwatch_lab.provenance.usage import Usage
from stillwatch_lab.watermarks.scheme import Scheme

KEY_BITS = 48
MIN_CONTEXTS = 5
"""With fewer free contexts in a suspect's text the statistic takes so few values that no p-value is small."""


def draw_keys(count: int, *, seed: str) -> list[int]:
    """Draw keys as a host should draw its own: uniformly."""
    draw = random.Random(f"keys {seed}")
    return [draw.randrange(1, 2**KEY_BITS) for _ in range(count)]


@dataclass(frozen=True)
class Marks:
    """The marks of every word after every free context, under the true key (first) and under the re-drawn ones.

    ``values`` (keys, contexts, vocabulary). ``plain`` (contexts, vocabulary): shares of the host's own unmarked text,
    which are taken off the suspect's: they do not depend on the key, and what all models share of them is noise for
    the test.
    """

    values: Tensor
    plain: Tensor


def mark_contexts(scheme: Scheme, key: int, redrawn: list[int], plain: Usage) -> Marks:
    """Compute the marks once for all suspects."""
    values = torch.stack([scheme.marks(k, plain.contexts).double() for k in [key, *redrawn]])
    return Marks(values, plain.shares)


@dataclass(frozen=True)
class Radioactivity:
    """Mean rise of the mark per context, its p-value over the re-drawn keys, and their standard deviation."""

    statistic: float
    p_value: float
    null_spread: float
    contexts: int


def find_radioactivity(marks: Marks, suspect: Usage) -> Radioactivity:
    """Test the suspect's words. With fewer than ``MIN_CONTEXTS`` free contexts the p-value is 1."""
    contexts = int((suspect.seen > 0).sum())
    if contexts < MIN_CONTEXTS:
        return Radioactivity(0.0, 1.0, float("nan"), contexts)
    scores = score_keys(marks, suspect)
    true, redrawn = scores[0], scores[1:]
    # One part in a billion: a tie must count against the claim, and sums of the same numbers differ in the last bits.
    p_value = (1 + int((redrawn >= true - 1e-9).sum())) / (1 + len(redrawn))
    return Radioactivity(float(true), p_value, float(redrawn.std()), contexts)


def score_keys(marks: Marks, suspect: Usage) -> Tensor:
    """Give the statistic under each key: the mean over contexts of the rise of the mark above the host's plain text."""
    here = suspect.seen > 0
    rise = suspect.shares[here] - marks.plain[here]
    return torch.einsum("cv,kcv->k", rise, marks.values[:, here]) / here.sum()
