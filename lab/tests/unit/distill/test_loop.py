"""The training loop: what a step is, when it ends, and that a kill changes nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from stillwatch_lab.distill.folder_teacher import FolderTeacher
from stillwatch_lab.distill.loop import FINAL_SHARE, Status, Training, schedule
from stillwatch_lab.distill.rows import Row
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Ledger
from stillwatch_lab.errors import RunError
from stillwatch_lab.models.folders import new_model, read_configuration
from stillwatch_lab.models.tokenizers import byte_tokenizer
from tiny import SUMS, prompt, row

TOKENIZER = byte_tokenizer()
ROWS = [row(TOKENIZER, prompt(a, b), str(a + b)) for a, b in SUMS]
SETTINGS = DistillSettings(
    steps=12, batch_size=8, warmup_steps=3, evaluate_every=4, checkpoint_every=5, max_new_tokens=3
)


class Killed(Exception):  # noqa: N818  (what happens to a process, no error of ours)
    """The process ends here."""


def training(folder: Path, settings: DistillSettings, *, student_seed: int = 2, **changed: Any) -> Training:
    teacher = FolderTeacher(new_model("tiny-llama", TOKENIZER, seed=7), folder, settings)
    parts: dict[str, Any] = {
        "student": new_model(str(with_dropout(folder)), TOKENIZER, seed=student_seed),
        "teacher": teacher,
        "settings": settings,
        "learning_rate": 2e-3,
        "prompts": [one.tokens[: one.prompt_tokens] for one in ROWS[:40]],
        "rows": ROWS[:40],
        "held_out": ROWS[40:50],
        "checkpoint": folder / "checkpoint.pt",
        "scoring": Ledger(),
    }
    return Training(**{**parts, **changed})


def with_dropout(folder: Path) -> Path:
    """Write a configuration whose training draws random numbers in every step."""
    path = folder / "dropout.json"
    path.write_text(json.dumps(read_configuration("tiny-llama") | {"attention_dropout": 0.1}), encoding="utf-8")
    return path


def weights(it: Training) -> list[torch.Tensor]:
    return [p.detach() for p in it.student.model.parameters()]


def kill_at(step: int) -> Any:
    def show(status: Status) -> None:
        if status.progress.step == step:
            raise Killed

    return show


@pytest.mark.parametrize("method", Method)
def test_a_killed_training_goes_on_to_the_very_same_weights(tmp_path: Path, method: Method) -> None:
    settings = replace(SETTINGS, method=method, beta=0.5)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    whole = training(tmp_path / "a", settings)
    expected, _ = whole.run()
    for step in (2, 7, 11):  # before, between and after checkpoints
        with pytest.raises(Killed):
            training(tmp_path / "b", settings).run(show=kill_at(step))
    last = training(tmp_path / "b", settings)
    progress, over = last.run()
    assert over
    assert progress.losses == expected.losses
    assert progress.held_out == expected.held_out
    assert last.scoring == whole.scoring
    assert progress.resumed == 2
    for ours, theirs in zip(weights(last), weights(whole), strict=True):
        assert torch.equal(ours, theirs)


def test_another_seed_is_another_training(tmp_path: Path) -> None:
    one, _ = training(tmp_path, SETTINGS, checkpoint=tmp_path / "1").run()
    other, _ = training(tmp_path, replace(SETTINGS, seed=9), checkpoint=tmp_path / "2").run()
    assert one.losses != other.losses


def test_small_pieces_of_a_batch_give_the_whole_batches_gradient(tmp_path: Path) -> None:
    def plain(name: str, settings: DistillSettings) -> Training:
        # Without dropout, whose numbers depend on the shape of what is dropped from.
        student = new_model("tiny-llama", TOKENIZER, seed=2)
        return training(tmp_path, settings, student=student, checkpoint=tmp_path / name)

    whole, pieces = plain("1", SETTINGS), plain("2", replace(SETTINGS, micro_batch=3))
    for ours, theirs in zip(pieces.run()[0].losses, whole.run()[0].losses, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_stops_in_time_and_goes_on_later(tmp_path: Path) -> None:
    seconds = iter(range(1000))
    first = training(tmp_path, SETTINGS)
    progress, over = first.run(max_seconds=4, clock=lambda: float(next(seconds)))
    assert (progress.step, over) == (4, False)
    progress, over = training(tmp_path, SETTINGS).run(clock=lambda: float(next(seconds)))
    assert (progress.step, over) == (12, True)
    assert progress.seconds == 12


def test_stops_at_the_plateau(tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=400, evaluate_every=1, patience=2)
    progress, over = training(tmp_path, settings, learning_rate=1e-9).run()
    assert over
    assert progress.step < 400
    assert progress.evaluations_without_gain() == 2


def test_says_how_fast_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    seconds, told = iter(range(0, 1000, 2)), []
    training(tmp_path, SETTINGS).run(show=told.append, clock=lambda: float(next(seconds)))
    assert [status.seconds_left for status in told] == [2.0 * (12 - step) for step in range(1, 13)]
    assert told[-1].tokens_per_second == told[-1].progress.tokens / 24


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    it = training(tmp_path, SETTINGS)
    with torch.no_grad():
        it.student.model.lm_head.weight.fill_(math.nan)
    with pytest.raises(RunError, match="step 1: the loss is nan"):
        it.run()


def test_only_the_students_own_text_is_scored_as_queries(tmp_path: Path) -> None:
    settings = replace(SETTINGS, method=Method.ON_POLICY, on_policy_share=1.0, steps=2, held_out=0)
    it = training(tmp_path, settings, rows=[], held_out=[])
    it.run()
    assert it.scoring.queries == 2 * 8
    assert it.scoring.logprob_entries % 258 == 0
    taught = training(tmp_path, replace(settings, method=Method.LOGITS), checkpoint=tmp_path / "2")
    taught.run()
    assert taught.scoring == Ledger()


def test_the_learning_rate_rises_and_falls() -> None:
    settings = replace(SETTINGS, steps=100, warmup_steps=10)
    shares = [schedule(step, settings) for step in range(100)]
    assert shares[0] == 0.1
    assert max(shares) == shares[9] == shares[10] == 1
    assert shares[55] == pytest.approx((1 + FINAL_SHARE) / 2)
    assert shares[-1] == pytest.approx(FINAL_SHARE, abs=1e-3)
    assert all(a >= b for a, b in pairwise(shares[10:]))


def test_rows_may_be_of_any_length(tmp_path: Path) -> None:
    ragged = [Row(one.tokens + (40,) * (number % 5), one.prompt_tokens) for number, one in enumerate(ROWS[:40])]
    progress, over = training(tmp_path, SETTINGS, rows=ragged).run()
    assert over
    assert progress.losses[-1] < progress.losses[0]


def test_mixed_precision_learns_too(tmp_path: Path) -> None:
    progress, _ = training(tmp_path, replace(SETTINGS, dtype="bfloat16", method=Method.LOGITS)).run()
    assert progress.losses[-1] < progress.losses[0]


def test_rows_are_cut_where_a_model_has_no_more_positions(tmp_path: Path) -> None:
    it = training(tmp_path, SETTINGS)
    it.student.model.config.max_position_embeddings = 7
    assert it.max_length == 7
    it.teacher.room = 5
    assert it.max_length == 7, "a teacher that wrote text reads none"
    assert replace(it, settings=replace(SETTINGS, method=Method.LOGITS)).max_length == 5
