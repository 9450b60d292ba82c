"""Divergences between two next-token distributions over the whole vocabulary, a number of nats per position.

Logits and log-probabilities have the vocabulary in the last dimension; what comes back has one dimension less.
The generalised Jensen-Shannon divergence and its limits are eq. 1 of Agarwal et al., "On-policy distillation of
language models" (arXiv 2306.13649), with the teacher's share of the mixture called ``beta`` as in TRL's ``GKDConfig``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from stillwatch_lab.errors import LabSettingsError


def token_nll(logits: Tensor, tokens: Tensor) -> Tensor:
    """Negative log-likelihood of ``tokens`` ([..., time]) under ``logits`` ([..., time, vocabulary]), in nats."""
    return F.cross_entropy(logits.flatten(0, -2), tokens.flatten(), reduction="none").view(tokens.shape)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p‖q) of two sets of log-probabilities. An outcome that p excludes (-inf) adds nothing."""
    # exp(-inf) * (-inf - q) is nan, in the value and in its gradient: such outcomes are taken out before they meet.
    excluded = torch.isneginf(p)
    inside = p.masked_fill(excluded, 0.0)
    return (p.exp() * (inside - q.masked_fill(excluded, 0.0))).sum(-1)


def divergence(student: Tensor, teacher: Tensor, *, beta: float) -> Tensor:
    """Generalised Jensen-Shannon divergence of two sets of log-probabilities.

    ``beta`` 0 is forward KL(teacher‖student), 1 reverse KL(student‖teacher); between, with the mixture
    m = beta·teacher + (1-beta)·student, it is beta·KL(teacher‖m) + (1-beta)·KL(student‖m). It is not continuous at its
    ends: near 0 it is beta·KL(teacher‖student).
    """
    require_beta(beta)
    if beta == 0:
        return kl(teacher, student)
    if beta == 1:
        return kl(student, teacher)
    mixture = torch.logaddexp(teacher + math.log(beta), student + math.log1p(-beta))
    return beta * kl(teacher, mixture) + (1 - beta) * kl(student, mixture)


def full_divergence(student_logits: Tensor, teacher_logits: Tensor, *, beta: float, temperature: float = 1.0) -> Tensor:
    """Divergence of the two whole distributions, both at ``temperature``.

    The result is not multiplied by temperature² (Hinton et al. 2015 do, to keep the gradient's size when a second
    loss is mixed in; TRL does not): choose the learning rate accordingly.
    """
    return divergence(
        F.log_softmax(student_logits / temperature, dim=-1),
        F.log_softmax(teacher_logits / temperature, dim=-1),
        beta=beta,
    )


def require_beta(beta: float) -> None:
    """Raise LabSettingsError unless ``beta`` is a share."""
    if not 0 <= beta <= 1:
        raise LabSettingsError(f"beta = {beta}: give 0 (forward KL), 1 (reverse KL) or a number between (JSD)")
