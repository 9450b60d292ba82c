"""Reproducible text."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import pytest
import torch

from fixtures import TEACHER, WORLD
from stillwatch_lab.errors import ModelError
from stillwatch_lab.models.folders import new_model, read_model
from stillwatch_lab.models.sampling import complete, equal_lengths, mixed, seeded
from stillwatch_lab.models.tokenizers import byte_tokenizer

MODEL = new_model("tiny-llama", byte_tokenizer(), seed=1)
CPU = torch.device("cpu")


def test_batches_hold_prompts_of_one_length() -> None:
    prompts = [(1,), (1, 2), (3,), (4,), (5, 6)]
    assert equal_lengths(prompts, size=2) == [[0, 2], [3], [1, 4]]


def test_the_seed_decides_and_nothing_before_it() -> None:
    def draw(seed: int) -> list[tuple[tuple[int, ...], bool]]:
        torch.rand(3)
        return complete(MODEL, [(7, 8), (7, 8)], max_new_tokens=6, temperature=1.0, seed=seed)

    first = draw(1)
    assert draw(1) == first
    assert draw(2) != first
    assert first[0] != first[1], "rows of a batch are drawn apart"


def test_temperature_nought_is_the_likeliest_token() -> None:
    ((tokens, ended),) = complete(MODEL, [(7, 8, 9)], max_new_tokens=5, temperature=0, seed=1)
    prefix = [7, 8, 9]
    with torch.no_grad():
        for token in tokens:
            assert MODEL.model(torch.tensor([prefix])).logits[0, -1].argmax().item() == token
            prefix.append(token)
    assert ended == (len(tokens) < 5)


def test_samples_follow_the_models_distribution() -> None:
    # Pearson's statistic over tokens that are expected often enough; mean 1 a cell if the draw is right.
    with torch.no_grad():
        expected = 4000 * MODEL.model(torch.tensor([[7, 8]])).logits[0, -1].softmax(-1)
    drawn = complete(MODEL, [(7, 8)] * 4000, max_new_tokens=1, temperature=1.0, seed=3)
    counts = torch.bincount(torch.tensor([tokens[0] if tokens else MODEL.end for tokens, _ in drawn]), minlength=258)
    cells = expected > 5
    statistic = ((counts - expected)[cells] ** 2 / expected[cells]).mean().item()
    assert 0.7 < statistic < 1.3


def test_a_seeded_block_leaves_the_stream_outside_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    first = torch.rand(1)
    with seeded(9, CPU):
        torch.rand(100)
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)


def test_seeds_of_neighbours_differ() -> None:
    assert len({mixed(a, b) for a in range(20) for b in range(20)}) == 400


def test_an_answer_ends_where_the_model_has_no_more_positions() -> None:
    small = read_model(TEACHER)
    never = replace(small, tokenizer=copy(small.tokenizer))
    never.tokenizer.eos_token = WORLD.vocabulary.words[-1]  # a word that hardly ends anything
    ((tokens, _),) = complete(never, [(1, 5)], max_new_tokens=256, temperature=5.0, seed=1)
    assert len(tokens) <= small.room - 2
    with pytest.raises(ModelError, match=f"a prompt has {small.room} tokens"):
        complete(small, [(1,) * small.room], max_new_tokens=1, temperature=0, seed=1)
