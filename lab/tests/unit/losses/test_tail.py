"""Top-k divergences with a tail against closed forms and TRL."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from trl.experimental.server_distillation import server_distillation_trainer as trl_server

from stillwatch_lab.losses.divergences import full_divergence
from stillwatch_lab.losses.tail import MIN_TAIL, TopK, pad_places, tail_divergence, top_k, with_tail

BETAS = (0.0, 0.3, 1.0)


def logits(seed: int, *shape: int) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_top_one_is_the_divergence_of_two_coins() -> None:
    student = torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64).log()
    teacher = TopK(torch.tensor([0]), torch.tensor([0.5], dtype=torch.float64).log())
    # KL(½,½ ‖ ¼,¾) = ½ ln 4/3: how the student spreads the rest does not matter.
    assert tail_divergence(student, teacher, beta=0).item() == pytest.approx(0.5 * math.log(4 / 3))


def test_cross_entropy_form_differs_by_the_teachers_entropy() -> None:
    student, teacher = logits(1, 9).double(), top_k(logits(2, 9).double(), 3)
    p, q = teacher.log_probs.exp(), student.softmax(-1).gather(-1, teacher.tokens)
    cross_entropy = -(p * q.log()).sum() - (1 - p.sum()) * (1 - q.sum()).log()
    entropy = -(p * p.log()).sum() - (1 - p.sum()) * (1 - p.sum()).log()
    torch.testing.assert_close(tail_divergence(student, teacher, beta=0), cross_entropy - entropy)


@pytest.mark.parametrize("beta", BETAS)
def test_all_tokens_but_one_is_the_whole_divergence(beta: float) -> None:
    student, teacher = logits(1, 4, 8).double(), logits(2, 4, 8).double()
    whole = full_divergence(student, teacher, beta=beta)
    torch.testing.assert_close(tail_divergence(student, top_k(teacher, 7), beta=beta), whole, atol=1e-9, rtol=0)


@pytest.mark.parametrize("beta", BETAS)
def test_knows_more_with_each_token(beta: float) -> None:
    student, teacher = logits(1, 64, 20).double(), logits(2, 64, 20).double()
    by_k = torch.stack([tail_divergence(student, top_k(teacher, k), beta=beta) for k in (1, 2, 5, 10, 19)])
    assert (by_k.diff(dim=0) > -1e-9).all(), "merging outcomes cannot raise a divergence (data processing)"


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("beta", BETAS)
def test_equals_trl(k: int, beta: float) -> None:
    student, teacher = logits(1, 3, 5, 31).double(), top_k(logits(2, 3, 5, 31).double(), k)
    valid = torch.ones_like(teacher.tokens, dtype=torch.bool)
    theirs_student, mask = trl_server._add_tail_bucket(student.log_softmax(-1).gather(-1, teacher.tokens), valid)
    theirs_teacher, _ = trl_server._add_tail_bucket(teacher.log_probs, valid)
    theirs = trl_server._jsd_divergence(theirs_student, theirs_teacher, beta, mask).sum(-1)
    torch.testing.assert_close(tail_divergence(student, teacher, beta=beta), theirs, atol=1e-5, rtol=0)


def test_empty_places_change_nothing() -> None:
    student, full = logits(1, 4, 9).requires_grad_(), top_k(logits(2, 4, 9), 2)
    padded = TopK(torch.nn.functional.pad(full.tokens, (0, 3)), pad_places(full.log_probs, 5))
    for beta in BETAS:
        ours = tail_divergence(student, padded, beta=beta)
        torch.testing.assert_close(ours, tail_divergence(student, full, beta=beta))
        (gradient,) = torch.autograd.grad(ours.sum(), student)
        assert torch.isfinite(gradient).all()


def test_a_tail_is_never_empty() -> None:
    certain = with_tail(torch.zeros(1))
    assert certain.tolist() == pytest.approx([0.0, math.log(MIN_TAIL)])
