"""The mean loss of a step."""

from __future__ import annotations

import pytest
import torch

from stillwatch_lab.losses.reduce import mean_loss

LOSS = torch.tensor([[1.0, 2.0, 9.0], [4.0, 9.0, 9.0]])
KEPT = torch.tensor([[True, True, False], [True, False, False]])


def test_is_the_mean_of_what_is_kept() -> None:
    assert mean_loss(LOSS, KEPT).item() == pytest.approx(7 / 3)


def test_parts_of_a_step_add_up_to_it() -> None:
    parts = sum(mean_loss(LOSS[row], KEPT[row], tokens=3) for row in (0, 1))
    torch.testing.assert_close(parts, mean_loss(LOSS, KEPT))


def test_a_batch_without_completions_gives_zero() -> None:
    assert mean_loss(torch.full((1, 2), torch.inf), torch.zeros(1, 2, dtype=torch.bool)).item() == 0
