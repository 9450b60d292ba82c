"""A teacher whose weights are at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stillwatch_lab.distill.folder_teacher import FolderTeacher
from stillwatch_lab.distill.rows import make_batch, make_row
from stillwatch_lab.distill.samples import make_jobs
from stillwatch_lab.distill.settings import DistillSettings
from stillwatch_lab.losses.tail import TopK, top_k
from stillwatch_lab.models.folders import new_model, write_model
from stillwatch_lab.models.tokenizers import byte_tokenizer

TOKENIZER = byte_tokenizer()
MODEL = new_model("tiny-llama", TOKENIZER, seed=1)
SETTINGS = DistillSettings(max_new_tokens=5, batch_size=2)
JOBS = make_jobs([({"role": "user", "content": text},) for text in ("ab", "abc", "cd", "ef")], draws=2, queries=None)


def teacher(settings: DistillSettings = SETTINGS, folder: Path = Path("nowhere")) -> FolderTeacher:
    return FolderTeacher(MODEL, folder, settings)


def test_jobs_of_one_length_are_answered_together() -> None:
    batches = teacher().batches(JOBS)
    assert sorted(job.key for batch in batches for job in batch) == sorted(job.key for job in JOBS)
    assert all(len({len(job.messages[0]["content"]) for job in batch}) == 1 for batch in batches)
    assert max(map(len, batches)) == 2


def test_answers_repeat_and_draws_differ() -> None:
    batches = teacher().batches(JOBS)
    first = [sample for batch in batches for sample in teacher().answer(batch)]
    assert [sample for batch in batches for sample in teacher().answer(batch)] == first
    by_key = {sample.key: sample.tokens for sample in first}
    assert by_key[0, 0] != by_key[0, 1]
    other = teacher(replace(SETTINGS, seed=2)).answer(batches[0])
    assert [sample.tokens for sample in other] != [sample.tokens for sample in first[: len(batches[0])]]


def test_counts_the_end_as_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: Any, **__: Any) -> Any:
        return [(tuple(TOKENIZER("<think>\nwhy\n</think>\n\n42").input_ids), True)]

    monkeypatch.setattr("stillwatch_lab.distill.folder_teacher.complete", write)
    (sample,) = teacher().answer(JOBS[:1])
    assert (sample.reasoning, sample.answer, sample.ended) == ("why", "42", True)
    assert sample.tokens is not None
    assert sample.completion_tokens == len(sample.tokens) + 1
    thinking, plain = (
        make_row(sample, TOKENIZER, reasoning=wanted, same_tokens=True).tokens for wanted in (True, False)
    )
    assert TOKENIZER.decode(thinking) == "ab<think>\nwhy\n</think>\n\n42<|end|>"
    assert TOKENIZER.decode(plain) == "ab42<|end|>"


def test_gives_whole_distributions_or_what_an_api_would_leave_of_them() -> None:
    (sample,) = teacher().answer(JOBS[:1])
    row = make_row(sample, TOKENIZER, reasoning=True, same_tokens=True)
    batch = make_batch([row], pad=0, max_length=64, device="cpu")
    whole, cut = teacher().distributions(batch), teacher(replace(SETTINGS, top_k=3)).distributions(batch)
    assert isinstance(whole, torch.Tensor)
    assert isinstance(cut, TopK)
    assert whole.shape[:2] == batch.completion.shape
    torch.testing.assert_close(cut.log_probs, top_k(whole, 3).log_probs)
    assert not whole.requires_grad


def test_is_described_by_its_weights(tmp_path: Path) -> None:
    hashes = []
    for seed in (1, 1, 2):
        write_model(new_model("tiny-llama", TOKENIZER, seed=seed), tmp_path)
        hashes.append(teacher(folder=tmp_path).describe()["weights_sha256"])
    assert hashes[0] == hashes[1] != hashes[2]
