"""Whole distillations, from a teacher's folder or its API to a student that does what the teacher does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from served import ServedModel, served
from stillwatch_lab.distill.harvest import read_samples
from stillwatch_lab.distill.loop import Status
from stillwatch_lab.distill.parties import Parties
from stillwatch_lab.distill.run import Show, distill
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import ModelError, PermissionRefusedError, RunError
from stillwatch_lab.models.folders import LanguageModel, new_model, read_model, write_model
from stillwatch_lab.models.sampling import complete
from stillwatch_lab.models.tokenizers import byte_tokenizer
from tiny import SUMS, prompt, write_adder

SETTINGS = DistillSettings(
    steps=240,
    batch_size=25,
    warmup_steps=10,
    learning_rate=5e-3,
    max_new_tokens=3,
    evaluate_every=120,
    checkpoint_every=120,
    held_out=0.1,
    # Nearly the likeliest answer: a student of 100 answers is compared with its teacher below.
    sampling_temperature=0.2,
)
METHODS = {
    "sequence": {"method": Method.SEQUENCE},
    "forward": {"method": Method.LOGITS, "beta": 0.0},
    "reverse": {"method": Method.LOGITS, "beta": 1.0},
    "top-k": {"method": Method.LOGITS, "beta": 0.5, "top_k": 5},
    "on-policy": {"method": Method.ON_POLICY, "beta": 0.5},
}


def answers(it: LanguageModel) -> list[str]:
    """Answer every sum with the likeliest tokens."""
    asked = [tuple(it.tokenizer(prompt(a, b)).input_ids) for a, b in SUMS]
    done = complete(it, asked, max_new_tokens=3, temperature=0, seed=1)
    return [it.tokenizer.decode(tokens) for tokens, _ in done]


def card(out: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((out / "run" / "card.json").read_text(encoding="utf-8"))
    return result


@pytest.mark.parametrize("name", METHODS)
def test_every_method_makes_a_student_that_answers_as_its_teacher(
    adder_folder: Path, prompts: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "student"
    settings = replace(SETTINGS, **METHODS[name])
    before: list[float] = []
    show = Show(training=lambda status: before.append(status.progress.losses[0]))
    assert distill(Parties(teacher=str(adder_folder), student="tiny-qwen3"), prompts, out, settings, show=show)
    results = card(out)["results"]
    assert results["last_loss"] < before[0] / 3
    ours, theirs = answers(read_model(out)), answers(read_model(adder_folder))
    agreement = sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(SUMS)
    assert agreement > 0.5, "a model that was not taught agrees in 0 to 5 of 100"
    assert (out / "run" / "loss.svg").is_file()
    assert not (out / "run" / "checkpoint.pt").exists()


def test_an_api_teaches_by_its_log_probabilities(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    model = ServedModel(read_model(adder_folder))
    settings = replace(SETTINGS, method=Method.LOGITS, top_k=5)
    with served(model) as url:
        parties = Parties(teacher=url, model="adder", student="tiny-llama", licence="mit", tokenizer=adder_folder)
        assert distill(parties, prompts, tmp_path / "student", settings)
    agreement = sum(a == b for a, b in zip(answers(read_model(tmp_path / "student")), answers(model.it), strict=True))
    assert agreement > 50
    assert len(model.bodies) == len(SUMS), "each prompt was asked once, training asked nothing"
    data = card(tmp_path / "student")["data"]
    assert data["queries"] == len(SUMS)
    assert data["logprob_entries"] == 5 * data["completion_tokens"]


def test_an_api_that_scores_prompts_teaches_on_policy(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, method=Method.ON_POLICY, on_policy_share=1.0, top_k=3, steps=3, batch_size=4, held_out=0.02
    )
    model = ServedModel(read_model(adder_folder))
    with served(model) as url:
        parties = Parties(teacher=url, model="adder", student="tiny-llama", licence="mit", tokenizer=adder_folder)
        assert distill(parties, prompts, tmp_path / "student", settings)
    paths = [path for path, _ in model.bodies]
    assert paths.count("/v1/chat/completions") == 2, "only the held-out prompts are answered by the teacher"
    assert paths.count("/v1/completions") == 3 * 4
    assert card(tmp_path / "student")["data"]["of_these_queries_scored_in_training"] == 3 * 4


def test_an_api_whose_tokens_nobody_knows_teaches_by_text(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    with served(ServedModel(read_model(adder_folder))) as url:
        parties = Parties(teacher=url, model="adder", student="tiny-llama", own="ours")
        assert distill(parties, prompts, tmp_path / "student", replace(SETTINGS, steps=5))
    assert card(tmp_path / "student")["permission"]["basis"] == "own"


def test_a_student_folder_is_trained_on_through_adapters(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    start = write_adder(tmp_path / "start", steps=30, seed=9)
    settings = replace(SETTINGS, lora_rank=8, learning_rate=1e-2)
    assert distill(Parties(teacher=str(adder_folder), student=str(start)), prompts, tmp_path / "student", settings)
    student, before, teacher = (answers(read_model(f)) for f in (tmp_path / "student", start, adder_folder))
    better = sum(a == b for a, b in zip(student, teacher, strict=True))
    assert better > sum(a == b for a, b in zip(before, teacher, strict=True)) + 20


def test_an_interrupted_run_is_the_uninterrupted_one(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    parties = Parties(teacher=str(adder_folder), student="tiny-llama")
    settings = replace(SETTINGS, steps=20, evaluate_every=5, checkpoint_every=3)

    def stop(status: Status) -> None:
        if status.progress.step in {2, 13}:
            raise KeyboardInterrupt

    assert distill(parties, prompts, tmp_path / "whole", settings)
    with pytest.raises(KeyboardInterrupt):
        distill(parties, prompts, tmp_path / "cut", settings, show=Show(training=stop))
    samples = tmp_path / "cut" / "run" / "samples.jsonl"
    kept = samples.read_bytes()[:4000]
    samples.write_bytes(kept)  # and as if the harvest had been cut, too
    with pytest.raises(KeyboardInterrupt):
        distill(parties, prompts, tmp_path / "cut", settings, show=Show(training=stop))
    assert distill(parties, prompts, tmp_path / "cut", settings, max_seconds=0) is None
    assert distill(parties, prompts, tmp_path / "cut", settings)
    for name in ("model.safetensors", "run/losses.json", "run/loss.svg"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert sorted(read_samples(samples), key=lambda s: s.key) == sorted(
        read_samples(tmp_path / "whole" / "run" / "samples.jsonl"), key=lambda s: s.key
    )


def test_a_finished_run_is_not_done_again_and_not_overwritten(
    adder_folder: Path, prompts: Path, tmp_path: Path
) -> None:
    parties, settings = Parties(teacher=str(adder_folder), student="tiny-llama"), replace(SETTINGS, steps=2)
    first = distill(parties, prompts, tmp_path / "student", settings)
    assert first is not None
    written = first.stat().st_mtime_ns
    assert distill(parties, prompts, tmp_path / "student", settings) == first
    assert first.stat().st_mtime_ns == written
    with pytest.raises(RunError, match="steps was 2, is 3"):
        distill(parties, prompts, tmp_path / "student", replace(settings, steps=3))


def test_nothing_is_asked_of_a_teacher_without_permission(prompts: Path, tmp_path: Path) -> None:
    model = ServedModel(new_model("tiny-llama", byte_tokenizer(), seed=1))
    with served(model) as url, pytest.raises(PermissionRefusedError, match="do not permit"):
        distill(
            Parties(teacher=url, model="claude-sonnet-5", student="tiny-llama", own="mine"),
            prompts,
            tmp_path / "student",
            SETTINGS,
        )
    assert model.bodies == []
    assert not (tmp_path / "student").exists()


def test_distributions_over_another_vocabulary_are_refused(adder_folder: Path, prompts: Path, tmp_path: Path) -> None:
    student = new_model("tiny-llama", byte_tokenizer(), seed=1)
    student.tokenizer.add_tokens(["<more>"])
    student.model.resize_token_embeddings(259)
    write_model(student, tmp_path / "other")
    with pytest.raises(ModelError, match="the teacher has 258 tokens, the student 259"):
        distill(
            Parties(teacher=str(adder_folder), student=str(tmp_path / "other")),
            prompts,
            tmp_path / "student",
            replace(SETTINGS, method=Method.LOGITS),
        )
