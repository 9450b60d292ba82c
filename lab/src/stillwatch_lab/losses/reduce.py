"""From a loss per position to the number that is minimised."""

from __future__ import annotations

from torch import Tensor


def mean_loss(per_token: Tensor, mask: Tensor, *, tokens: int | None = None) -> Tensor:
    """Mean over the positions that ``mask`` keeps, or their sum over ``tokens``.

    With gradient accumulation pass the number of kept positions of the whole step: the mean of the means of unequal
    parts is another number (TRL's issue 4719). No position at all gives 0, not nan.
    """
    total = per_token.masked_fill(~mask, 0.0).sum()
    return total / max(int(mask.sum()) if tokens is None else tokens, 1)
