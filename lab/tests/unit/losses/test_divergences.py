"""Divergences against closed forms, slow sums and TRL."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from trl.experimental.gkd.gkd_trainer import GKDTrainer

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.losses.divergences import divergence, full_divergence, kl, token_nll

BETAS = (0.0, 0.1, 0.5, 0.9, 1.0)


def logits(seed: int, *shape: int) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def log(*probabilities: float) -> Tensor:
    return torch.tensor(probabilities, dtype=torch.float64).log()


def slow(student: list[float], teacher: list[float], beta: float) -> float:
    """Sum eq. 1 of arXiv 2306.13649 outcome by outcome."""
    if beta in {0, 1}:
        p, q = (teacher, student) if beta == 0 else (student, teacher)
        return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    mixture = [beta * t + (1 - beta) * s for s, t in zip(student, teacher, strict=True)]
    return beta * slow(mixture, teacher, 0) + (1 - beta) * slow(mixture, student, 0)


def test_kl_of_two_coins() -> None:
    # KL(½,½ ‖ ¼,¾) = ½ ln 2 + ½ ln ⅔ = ½ ln 4/3
    assert kl(log(0.5, 0.5), log(0.25, 0.75)).item() == pytest.approx(0.5 * math.log(4 / 3))


def test_half_and_half_of_disjoint_distributions_is_one_bit() -> None:
    assert divergence(log(1, 0), log(0, 1), beta=0.5).item() == pytest.approx(math.log(2))


def test_an_outcome_that_the_teacher_excludes_leaves_the_gradient_finite() -> None:
    student = torch.tensor([0.2, 0.8], dtype=torch.float64, requires_grad=True)
    for beta in (0.0, 0.5):
        divergence(student.log(), log(0, 1), beta=beta).backward()
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("beta", BETAS)
def test_equals_the_sum_over_outcomes(beta: float) -> None:
    student, teacher = logits(1, 7).double(), logits(2, 7).double()
    expected = slow(student.softmax(-1).tolist(), teacher.softmax(-1).tolist(), beta)
    assert full_divergence(student, teacher, beta=beta).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_equals_trl(beta: float, temperature: float) -> None:
    student, teacher = logits(1, 3, 5, 31), logits(2, 3, 5, 31)
    ours = full_divergence(student, teacher, beta=beta, temperature=temperature)
    labels = torch.where(torch.rand(3, 5, generator=torch.Generator().manual_seed(3)) < 0.3, -100, 1)
    theirs = GKDTrainer.generalized_jsd_loss(student, teacher, labels=labels, beta=beta, temperature=temperature)
    assert ours[labels != -100].mean().item() == pytest.approx(theirs.item(), abs=1e-5)


@pytest.mark.parametrize("beta", BETAS)
def test_gradient_equals_trl(beta: float) -> None:
    teacher = logits(2, 2, 4, 11)
    ours, theirs = (logits(1, 2, 4, 11).requires_grad_() for _ in range(2))
    full_divergence(ours, teacher, beta=beta).mean().backward()
    GKDTrainer.generalized_jsd_loss(theirs, teacher, labels=torch.ones(2, 4), beta=beta).backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=0)


@pytest.mark.parametrize("beta", BETAS)
def test_is_zero_where_both_agree_and_positive_elsewhere(beta: float) -> None:
    student, teacher = logits(1, 4, 9), logits(2, 4, 9)
    assert (full_divergence(student, teacher, beta=beta) > 0).all()
    torch.testing.assert_close(full_divergence(teacher, teacher, beta=beta), torch.zeros(4), atol=1e-6, rtol=0)


def test_negative_log_likelihood_of_a_uniform_guess_is_the_log_of_the_vocabulary() -> None:
    tokens = torch.tensor([[0, 3, 7]])
    torch.testing.assert_close(token_nll(torch.zeros(1, 3, 8), tokens), torch.full((1, 3), math.log(8)))


def test_forward_kl_to_sampled_tokens_is_the_likelihood_less_the_entropy() -> None:
    # E over tokens drawn from the teacher of the student's NLL = H(teacher) + KL(teacher‖student): why text suffices.
    student, teacher = logits(1, 6).double(), logits(2, 6).double()
    weights = teacher.softmax(-1)
    expected_nll = (weights * token_nll(student.expand(6, 6), torch.arange(6))).sum()
    entropy = -(weights * teacher.log_softmax(-1)).sum()
    torch.testing.assert_close(full_divergence(student, teacher, beta=0), expected_nll - entropy)


@pytest.mark.parametrize("beta", [-0.1, 1.1])
def test_refuses_a_beta_that_is_no_share(beta: float) -> None:
    with pytest.raises(LabSettingsError, match="beta"):
        divergence(log(0.5, 0.5), log(0.5, 0.5), beta=beta)
