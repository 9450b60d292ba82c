from __future__ import annotations

import pytest
import torch

from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.usage import Usage
from stillwatch_lab.watermarks.kgw import GreenList

CONTEXTS = torch.arange(1, 21)[:, None]
VOCABULARY = 40
SCHEME = GreenList(VOCABULARY, ratio=0.5)


def _usage(scores: torch.Tensor, size: int, seed: int) -> Usage:
    draw = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(torch.softmax(scores, -1), size, replacement=True, generator=draw)
    return Usage(CONTEXTS, torch.nn.functional.one_hot(chosen, VOCABULARY).sum(1).double())


def _plain(seed: int) -> torch.Tensor:
    return torch.randn(20, VOCABULARY, generator=torch.Generator().manual_seed(seed))


def _marks(key: int, redrawn: int = 199) -> Marks:
    return mark_contexts(SCHEME, key, draw_keys(redrawn, seed="null"), _usage(_plain(0), 500, 1))


def test_whoever_learnt_from_marked_text_is_found() -> None:
    marks = _marks(4242)
    learnt = _usage(_plain(0) + 0.5 * SCHEME.marks(4242, CONTEXTS), 400, 2)
    found = find_radioactivity(marks, learnt)
    assert found.p_value == 1 / 200
    assert found.contexts == 20


def test_an_innocent_model_is_accused_as_often_as_said_over_keys() -> None:
    """The null is over keys: one innocent model with a style of its own, a fresh true key each time."""
    innocent = _usage(_plain(7), 400, 3)
    once = _marks(1, redrawn=999)
    redrawn, plain = once.values[1:], once.plain
    p_values = [
        find_radioactivity(
            Marks(torch.cat([SCHEME.marks(key, CONTEXTS).double()[None], redrawn]), plain), innocent
        ).p_value
        for key in draw_keys(400, seed="true")
    ]
    assert sum(p <= 0.05 for p in p_values) / 400 == pytest.approx(0.05, abs=0.035)
    assert sum(p <= 0.5 for p in p_values) / 400 == pytest.approx(0.5, abs=0.08)


def test_the_same_words_as_the_hosts_plain_text_are_no_sign() -> None:
    usage = _usage(_plain(0), 500, 1)
    found = find_radioactivity(_marks(4242), usage)
    assert found.statistic == pytest.approx(0.0)
    assert found.p_value == 1.0  # every re-drawn key ties, and ties count against the claim


def test_too_few_contexts_conclude_nothing() -> None:
    counts = torch.zeros(20, VOCABULARY, dtype=torch.float64)
    counts[:4, 0] = 100
    assert find_radioactivity(_marks(4242), Usage(CONTEXTS, counts)).p_value == 1.0


def test_keys_are_reproducible_and_their_own() -> None:
    keys = draw_keys(1000, seed="x")
    assert keys == draw_keys(1000, seed="x")
    assert len(set(keys)) == 1000
    assert keys[0] != draw_keys(1, seed="y")[0]
