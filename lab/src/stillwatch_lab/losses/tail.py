"""Divergences where only the teacher's k likeliest tokens are known: the rest is one bucket, the *tail*.

This is what a host gives away with ``top_logprobs``. Without the tail a student that puts all its mass outside the k
tokens could not be told from the teacher; with k = 1 the loss would be zero everywhere. TRL calls it ``add_tail``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from stillwatch_lab.losses.divergences import divergence

MIN_TAIL = 1e-8
"""Least mass of a tail: what single precision leaves of 1 - sum is noise below that, and its logarithm -inf at 0."""


@dataclass(frozen=True)
class TopK:
    """The k likeliest tokens at each position and their log-probabilities, both [..., time, k].

    A log-probability of -inf marks an empty place: the server gave fewer than k there.
    """

    tokens: Tensor
    log_probs: Tensor


def top_k(logits: Tensor, k: int) -> TopK:
    """Reduce whole distributions to their ``k`` likeliest tokens, as an API would."""
    highest = logits.topk(min(k, logits.shape[-1]), dim=-1)
    return TopK(highest.indices, highest.values - torch.logsumexp(logits, dim=-1, keepdim=True))


def tail_divergence(student_logits: Tensor, teacher: TopK, *, beta: float) -> Tensor:
    """Divergence over the k tokens and the tail: k + 1 outcomes, so at most that of the whole distributions.

    At temperature 1 only: a tail has one mass, which cannot be sharpened afterwards.
    """
    normaliser = torch.logsumexp(student_logits, dim=-1, keepdim=True)
    student = student_logits.gather(-1, teacher.tokens) - normaliser
    student = student.masked_fill(torch.isneginf(teacher.log_probs), -torch.inf)
    return divergence(with_tail(student), with_tail(teacher.log_probs), beta=beta)


def with_tail(log_probs: Tensor) -> Tensor:
    """Append the log-probability of everything else, at least that of ``MIN_TAIL``."""
    tail = 1 - log_probs.exp().sum(-1, keepdim=True)
    return torch.cat([log_probs, tail.clamp_min(MIN_TAIL).log()], dim=-1)


def pad_places(log_probs: Tensor, places: int) -> Tensor:
    """Widen [..., k] to ``places`` with empty ones."""
    return F.pad(log_probs, (0, places - log_probs.shape[-1]), value=-torch.inf)
