"""Descent of weights: exact for models with starts of their own, whatever they learnt."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from fixtures import CARELESS, INDEPENDENT, OTHER, STUDENT, TEACHER
from stillwatch_lab.models.folders import read_configuration, read_model
from stillwatch_lab.provenance.lineage import Neurons, examine_lineage, find_lineage, read_neurons


def neurons(folder: object) -> Neurons:
    return read_neurons(read_model(folder).model.state_dict())  # type: ignore[arg-type]


def changed(it: Neurons, share: float) -> Neurons:
    """Mix every weight with as much noise as makes the mean cosine 1 - ``share``."""
    draw = torch.Generator().manual_seed(1)
    wanted = 1 - share
    mixed = {}
    for layer, rows in it.items():
        noise = torch.randn(rows.shape, generator=draw) * rows.norm(dim=1, keepdim=True) / rows.shape[1] ** 0.5
        mixed[layer] = wanted * rows + (1 - wanted**2) ** 0.5 * noise
    return mixed


def shuffled(it: Neurons, seed: int) -> Neurons:
    draw = torch.Generator().manual_seed(seed)
    return {layer: rows[torch.randperm(len(rows), generator=draw)] for layer, rows in it.items()}


def test_a_copy_is_found_though_most_of_it_was_changed() -> None:
    mine = neurons(TEACHER)
    for share in (0.0, 0.5, 0.75):
        found = find_lineage(mine, changed(mine, share), shuffles=999, seed=0)
        assert found.likeness == pytest.approx(1 - share, abs=0.05)
        assert found.p_value == 1 / 1000


@pytest.mark.parametrize("folder", [STUDENT, CARELESS, INDEPENDENT, OTHER], ids=lambda path: path.name)
def test_models_with_a_start_of_their_own_are_not_found(folder: object) -> None:
    # Students of the teacher's answers among them: that is another question.
    assert find_lineage(neurons(TEACHER), neurons(folder), shuffles=999, seed=0).p_value > 0.01


def test_p_values_are_uniform_under_the_null() -> None:
    mine, suspect = neurons(TEACHER), neurons(STUDENT)
    p_values = torch.tensor(
        [find_lineage(mine, shuffled(suspect, seed), shuffles=99, seed=seed).p_value for seed in range(400)]
    )
    # 400 draws of a uniform: five standard errors.
    assert abs(float((p_values <= 0.1).double().mean()) - 0.1) < 5 * (0.1 * 0.9 / 400) ** 0.5
    assert abs(float(p_values.mean()) - 0.505) < 5 * (1 / 12 / 400) ** 0.5


def test_a_shuffled_copy_escapes() -> None:
    mine = neurons(TEACHER)
    assert find_lineage(mine, shuffled(mine, 3), shuffles=999, seed=0).p_value > 0.01


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen3", "tiny-deepseek-v4"])
def test_knows_the_names_that_transformers_gives(name: str) -> None:
    torch.manual_seed(0)
    settings = read_configuration(name) | {"vocab_size": 64}
    it = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings))
    found = read_neurons(it.state_dict())
    assert len(found) == it.config.num_hidden_layers
    assert find_lineage(found, found, shuffles=199, seed=0).p_value == 1 / 200


def test_another_architecture_cannot_be_judged() -> None:
    outcome = examine_lineage(
        neurons(TEACHER), {"x.mlp": torch.randn(64, 9)}, alpha=0.01, kept=0.25, shuffles=99, seed=0
    )
    assert (outcome.p_value, outcome.least, outcome.power) == (1.0, 1.0, 0.0)
    assert "no feed-forward layer of one shape" in outcome.notes


def test_power_is_stated_for_the_registered_likeness() -> None:
    mine = neurons(TEACHER)
    able = examine_lineage(mine, neurons(STUDENT), alpha=0.01, kept=0.25, shuffles=999, seed=0)
    unable = examine_lineage(mine, neurons(STUDENT), alpha=0.01, kept=0.001, shuffles=999, seed=0)
    assert able.power > 0.99
    assert unable.power < 0.1
