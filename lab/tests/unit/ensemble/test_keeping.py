from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pretended import pretend
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.keeping import OutOfTimeError, keep_training
from stillwatch_lab.ensemble.training import Corpora, Recipe, train

SHAPE = Shape(20, 8, width=16, layers=1, heads=2)
RECIPE = Recipe(steps=5, rows=4)


def corpora(seed: int = 1) -> Corpora:
    ids = torch.randint(5, 20, (2, 30, 8), generator=torch.Generator().manual_seed(seed)).short()
    return Corpora(ids, torch.ones(2, 30, 8, dtype=torch.bool))


def learn(texts: Corpora, recipe: Recipe = RECIPE, *, device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    models = Decoders(SHAPE, members=2, seed=1).to(device)
    losses = train(models, texts, recipe)
    return models.w["wte"].detach().cpu().clone(), losses


def learn_by_steps(
    folder: Path, texts: Corpora, *, device: str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Break off after every step, until it ends."""
    told: list[str] = []
    while len(told) < RECIPE.steps:
        try:
            with keep_training(folder, limit_seconds=0.0):
                return *learn(texts, device=device), told
        except OutOfTimeError as problem:
            told.append(str(problem))
    raise AssertionError(told)


def test_training_that_breaks_off_learns_what_one_go_learns(tmp_path: Path) -> None:
    whole, losses = learn(corpora())
    weights, by_steps, told = learn_by_steps(tmp_path, corpora())
    assert [one.split(": ")[1] for one in told] == [f"{n} of 5 steps made; run it again to go on" for n in range(1, 5)]
    assert torch.equal(weights, whole)
    assert torch.equal(by_steps, losses)


def test_it_goes_on_elsewhere_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pretend(monkeypatch) as device:
        whole, _ = learn(corpora(), device=device)
        weights, _, _ = learn_by_steps(tmp_path, corpora(), device=device)
    assert torch.equal(weights, whole)


def test_what_was_kept_of_other_text_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(OutOfTimeError), keep_training(tmp_path, limit_seconds=0.0):
        learn(corpora(1))
    with keep_training(tmp_path, limit_seconds=60.0):
        weights, _ = learn(corpora(2))
    assert torch.equal(weights, learn(corpora(2))[0])


def test_each_call_of_a_piece_is_kept_apart(tmp_path: Path) -> None:
    with keep_training(tmp_path, limit_seconds=60.0):
        first, second = learn(corpora(1)), learn(corpora(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train-0.pt", "train-1.pt"]
    with keep_training(tmp_path, limit_seconds=60.0):
        assert torch.equal(learn(corpora(1))[0], first[0])
        assert torch.equal(learn(corpora(2))[0], second[0])
