"""Opened folders."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fixtures import INDEPENDENT, OTHER, TEACHER
from stillwatch_lab.models.folders import read_model, write_model
from stillwatch_lab.provenance.outcomes import Verdict, adjust, judge
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.white_box import open_inside, read_states, white_box_tests

TEXTS = [
    f"start {x} {word} {y} gives {z}" for x in range(4) for word in ("add", "sub") for y in range(4) for z in (1, 2)
]


def test_states_do_not_depend_on_what_else_is_read() -> None:
    it = read_model(TEACHER)
    texts = ["start 1 add 2", "team red", "start 2 sub 1"]
    together, alone = read_states(it, texts), read_states(it, texts[2:])
    assert torch.allclose(together[2:], alone, atol=1e-6)


def test_a_text_of_unknown_words_is_read_too() -> None:
    assert read_states(read_model(TEACHER), [""]).shape == (1, 48)


def test_a_fine_tuned_copy_is_found_by_its_weights(tmp_path: Path) -> None:
    it = read_model(TEACHER)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in it.model.parameters():
            weight.add_(0.3 * weight.std() * torch.randn(weight.shape, generator=draw))
    write_model(it, tmp_path)
    mine, copy, controls = (open_inside(read_model(folder), TEXTS) for folder in (TEACHER, tmp_path, INDEPENDENT))
    tests = white_box_tests(mine, copy, [controls], Settings())
    outcomes = {name: test(0.005) for name, test in tests.items()}
    adjusted = adjust({name: outcome.p_value for name, outcome in outcomes.items()})
    verdicts = {name: judge(outcome, adjusted[name], alpha=0.01) for name, outcome in outcomes.items()}
    assert verdicts == {"weight lineage": Verdict.FOUND, "representations": Verdict.CANNOT_CONCLUDE}
    assert outcomes["representations"].statistic > 0.5


@pytest.mark.parametrize("folder", [INDEPENDENT, OTHER], ids=lambda path: path.name)
def test_independent_models_have_no_lineage(folder: Path) -> None:
    mine, suspect = (open_inside(read_model(it), TEXTS) for it in (TEACHER, folder))
    outcome = white_box_tests(mine, suspect, [], Settings())["weight lineage"](0.005)
    assert judge(outcome, outcome.p_value, alpha=0.01) is Verdict.NOT_FOUND
