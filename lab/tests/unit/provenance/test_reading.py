"""Radioactivity where weights are at hand: probabilities in the place of words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fixtures import INDEPENDENT, TEACHER, WORLD
from stillwatch_lab.models.folders import LanguageModel, read_model
from stillwatch_lab.models.tokenizers import byte_tokenizer
from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.reading import Reading
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner
from stillwatch_lab.watermarks.kgw import GreenList

VOCABULARY = len(WORLD.vocabulary.words)
SCHEME = GreenList(VOCABULARY, ratio=0.5)
KEY = 4242
MARKED_BY = 0.3
"""Of a logit: what a student would take over of a bias of 2, and less than 40 answers show."""
MINE = FolderRespondent(TEACHER)


def _texts(it: FolderRespondent, count: int, seed: int = 1) -> list[tuple[tuple[int, ...], int]]:
    asked = [f"start {x} add {y} sub {z}" for x in range(4) for y in range(5) for z in range(5)][:count]
    prompts = [tuple(it.encode_prompt(prompt)) for prompt in asked]
    said = it.say(asked, Manner(temperature=1.0, max_tokens=64, seed=seed))
    return [((*ids, *words), len(ids)) for ids, words in zip(prompts, said, strict=True)]


ROWS = _texts(MINE, 100)
CONTEXTS = find_free_contexts([ids[asked:] for ids, asked in ROWS], width=1, vocabulary=VOCABULARY)
READING = Reading(MINE.model.tokenizer.get_vocab(), ROWS[:40], CONTEXTS, VOCABULARY)


class Marked:
    """The host's own model with the mark on all of its words."""

    def __init__(self, key: int) -> None:
        self.key, self.config = key, MINE.model.model.config

    def parameters(self) -> Any:
        return MINE.model.model.parameters()

    def __call__(self, ids: torch.Tensor, **how: Any) -> Any:
        plain = MINE.model.model(ids, **how).logits
        return SimpleNamespace(logits=plain + MARKED_BY * SCHEME.marks(self.key, ids.view(-1, 1)).view_as(plain))


def _weigh(it: LanguageModel) -> Usage:
    usage = READING.weigh(it)
    assert usage is not None
    return usage


def _marks(key: int, plain: Usage, redrawn: int = 199) -> Marks:
    return mark_contexts(SCHEME, key, draw_keys(redrawn, seed="null"), plain)


def test_the_sums_are_those_of_one_pass_over_each_text() -> None:
    expected = torch.zeros(len(CONTEXTS), VOCABULARY, dtype=torch.float64)
    for ids, asked in READING.rows:
        for at in range(asked, len(ids)):
            for row, context in enumerate(CONTEXTS.tolist()):
                if list(ids[at - 1 : at]) == context:
                    with torch.no_grad():
                        logits = MINE.model.model(torch.tensor([ids[:at]])).logits[0, -1]
                    expected[row] += logits.double().softmax(-1)
    torch.testing.assert_close(_weigh(MINE.model).counts, expected, atol=1e-4, rtol=0)


def test_a_marked_model_is_found_by_probabilities_where_its_words_are_too_few() -> None:
    plain = _weigh(MINE.model)
    suspect = replace(MINE.model, model=Marked(KEY))
    assert find_radioactivity(_marks(KEY, plain), _weigh(suspect)).p_value == 1 / 200
    # One word drawn at each place is the closed form on the same texts.
    draw = torch.Generator().manual_seed(5)
    shares, seen = _weigh(suspect).shares, _weigh(suspect).seen.round().long()
    words = torch.stack(
        [
            torch.bincount(torch.multinomial(p, int(n), replacement=True, generator=draw), minlength=VOCABULARY)
            for p, n in zip(shares[seen > 0], seen[seen > 0], strict=True)
        ]
    )
    counts = torch.zeros_like(shares)
    counts[seen > 0] = words.double()
    own = count_usage([ids[asked:] for ids, asked in ROWS[:40]], CONTEXTS, vocabulary=VOCABULARY)
    assert find_radioactivity(_marks(KEY, own), Usage(CONTEXTS, counts)).p_value > 1 / 200


def test_the_hosts_own_model_is_no_sign() -> None:
    plain = _weigh(MINE.model)
    assert find_radioactivity(_marks(KEY, plain), plain).p_value == 1.0


def test_an_innocent_model_is_found_as_often_as_said_over_keys() -> None:
    plain, innocent = _weigh(MINE.model), _weigh(read_model(INDEPENDENT))
    once = _marks(1, plain, redrawn=999)
    keys = draw_keys(300, seed="true")
    p_values = [
        find_radioactivity(
            Marks(torch.cat([SCHEME.marks(key, CONTEXTS).double()[None], once.values[1:]]), once.plain), innocent
        ).p_value
        for key in keys
    ]
    assert sum(p <= 0.05 for p in p_values) / len(keys) == pytest.approx(0.05, abs=0.04)
    assert sum(p <= 0.5 for p in p_values) / len(keys) == pytest.approx(0.5, abs=0.09)


def test_a_model_of_other_words_is_not_read() -> None:
    assert READING.weigh(replace(MINE.model, tokenizer=byte_tokenizer())) is None
