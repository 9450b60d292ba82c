"""How often the watermark test finds models that never saw a mark: each true key with re-drawn keys of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from stillwatch_lab.provenance.radioactivity import draw_keys
from stillwatch_lab.provenance.usage import Usage
from stillwatch_lab.watermarks.scheme import Scheme

REDRAWN = 99
"""Re-drawn keys of each test: with the true one a hundred, so that p = 0.01 is the highest of them."""
AT_ONCE = 5
"""True keys whose marks are computed together: 500 keys are 7 MB of marks in the small world."""


def count_false_finds(
    scheme: Scheme, samples: Mapping[str, tuple[Usage, Mapping[str, list[Usage]]]], *, keys: int, alpha: float
) -> dict[str, dict[str, Any]]:
    """Test every model under ``keys`` true keys. No key is used twice, so that tests of one model are independent.

    ``samples``: by a name, the host's plain usage and each group's; all of one set of contexts, for which marks are
    computed once. Gives for each sample, group and all groups together the share found at ``alpha`` and at 0.05, and
    the standard error of the first over keys. The test is exact: the share expected is alpha at most.
    """
    rises = [_rise(plain, usage) for plain, groups in samples.values() for them in groups.values() for usage in them]
    if not rises or not keys:
        return {name: {} for name in samples}
    contexts = next(iter(samples.values()))[0].contexts
    drawn = draw_keys(keys * (1 + REDRAWN), seed="false finds")
    size = AT_ONCE * (1 + REDRAWN)
    tests = [_test(torch.stack(rises), scheme, contexts, drawn[at : at + size]) for at in range(0, len(drawn), size)]
    p_values = iter(torch.cat(tests, dim=1))
    found: dict[str, dict[str, Any]] = {}
    for name, (_, groups) in samples.items():
        by_group = {group: torch.stack([next(p_values) for _ in them]) for group, them in groups.items()}
        everyone = torch.cat(list(by_group.values()))
        found[name] = {group: _sum_up(them, alpha) for group, them in by_group.items()}
        found[name]["all unmarked"] = _sum_up(everyone, alpha)
    return found


def _rise(plain: Usage, usage: Usage) -> Tensor:
    """Flatten what ``score_keys`` weighs the marks with."""
    here = (usage.seen > 0)[:, None]
    return ((usage.shares - plain.shares) * here / here.sum()).flatten()


def _test(rises: Tensor, scheme: Scheme, contexts: Tensor, keys: list[int]) -> Tensor:
    """Give p-values (models, true keys) from marks under consecutive groups of one true and the re-drawn keys."""
    marks = torch.stack([scheme.marks(key, contexts).double().flatten() for key in keys])
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
