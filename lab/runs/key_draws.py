"""How often the watermark test finds models that never saw a mark: each true key with re-drawn keys of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from stillwatch_lab.provenance.radioactivity import draw_keys, mark_contexts
from stillwatch_lab.provenance.usage import Usage
from stillwatch_lab.watermarks.scheme import Scheme

REDRAWN = 99
"""Re-drawn keys of each test: with the true one a hundred, so that p = 0.01 is the highest of them."""
AT_ONCE = 5
"""True keys whose marks are computed together: 500 keys are 7 MB of marks in the small world."""


def count_false_finds(
    scheme: Scheme, plain: Usage, innocent: dict[str, list[Usage]], *, keys: int, alpha: float
) -> dict[str, Any]:
    """Test every model under ``keys`` true keys. No key is used twice, so that tests of one model are independent.

    Gives for each group and for all together the share found at ``alpha`` and at 0.05, and the standard error of the
    first over keys. The test is exact: the share expected is alpha at most.
    """
    models = [usage for usages in innocent.values() for usage in usages]
    if not models:
        return {}
    rises = torch.stack([_rise(plain, usage) for usage in models])
    drawn = draw_keys(keys * (1 + REDRAWN), seed="false finds")
    size = AT_ONCE * (1 + REDRAWN)
    p_values = torch.cat(
        [_test(rises, scheme, plain, drawn[start : start + size]) for start in range(0, len(drawn), size)], dim=1
    )
    found, at = {}, 0
    for name, usages in innocent.items():
        found[name] = _sum_up(p_values[at : at + len(usages)], alpha)
        at += len(usages)
    return found | {"all unmarked": _sum_up(p_values, alpha)}


def _rise(plain: Usage, usage: Usage) -> Tensor:
    """Flatten what ``score_keys`` weighs the marks with."""
    here = (usage.seen > 0)[:, None]
    return ((usage.shares - plain.shares) * here / here.sum()).flatten()


def _test(rises: Tensor, scheme: Scheme, plain: Usage, keys: list[int]) -> Tensor:
    """Give p-values (models, true keys) from marks under consecutive groups of one true and the re-drawn keys."""
    marks = mark_contexts(scheme, keys[0], keys[1:], plain).values.flatten(1)
    scores = (rises @ marks.T).view(len(rises), -1, 1 + REDRAWN)
    above = (scores[:, :, 1:] >= scores[:, :, :1] - 1e-9).sum(-1)
    return (1 + above) / (1 + REDRAWN)


def _sum_up(p_values: Tensor, alpha: float) -> dict[str, Any]:
    by_key = (p_values <= alpha).double().mean(0)
    return {
        "at_alpha": float(by_key.mean()),
        "standard_error": float(by_key.std() / len(by_key) ** 0.5),
        "at_0.05": float((p_values <= 0.05).double().mean()),
        "tests": int(p_values.numel()),
    }
