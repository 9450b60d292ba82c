"""Answers are asked for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch_lab.distill.harvest import harvest, read_samples
from stillwatch_lab.distill.rows import Batch
from stillwatch_lab.distill.samples import Job, Sample, make_jobs
from stillwatch_lab.distill.teacher import Ledger
from stillwatch_lab.errors import RunError

JOBS = make_jobs([({"role": "user", "content": str(n)},) for n in range(5)], draws=1, queries=None)


class Echo:
    """Answers with the prompt, two at once, and stops working after ``lives`` batches."""

    name = "echo"
    tokenizer = None

    def __init__(self, lives: int = 99) -> None:
        self.lives = lives
        self.asked: list[tuple[int, int]] = []

    def batches(self, jobs: list[Job]) -> list[list[Job]]:
        return [jobs[at : at + 2] for at in range(0, len(jobs), 2)]

    def answer(self, batch: list[Job]) -> list[Sample]:
        if self.lives == 0:
            raise KeyboardInterrupt
        self.lives -= 1
        self.asked += [job.key for job in batch]
        return [
            Sample(
                number=job.number,
                draw=job.draw,
                messages=job.messages,
                answer=job.messages[0]["content"],
                reasoning=None,
                ended=True,
                prompt_tokens=1,
                completion_tokens=2,
            )
            for job in batch
        ]

    def distributions(self, batch: Batch) -> Any:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        return {}


def test_an_interrupted_harvest_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    first, second = Echo(lives=2), Echo()
    with pytest.raises(KeyboardInterrupt):
        harvest(first, JOBS, path, ledger=Ledger())
    ledger = Ledger()
    samples = harvest(second, JOBS, path, ledger=ledger)
    assert samples is not None
    assert [sample.answer for sample in samples] == list("01234")
    assert first.asked + second.asked == [job.key for job in JOBS]
    assert (ledger.queries, ledger.prompt_tokens, ledger.completion_tokens) == (5, 5, 10)


def test_a_line_that_a_crash_cut_off_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    harvest(Echo(), JOBS, path, ledger=Ledger())
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    again = Echo()
    harvest(again, JOBS, path, ledger=Ledger())
    assert again.asked == [(4, 0)]
    assert path.read_bytes() == whole


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"samples\.jsonl:1: not a sample"):
        read_samples(path)


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    harvest(Echo(), JOBS, tmp_path / "s", ledger=Ledger(), show=lambda *now: told.append(now))
    assert told == [(2, 5, 4), (4, 5, 8), (5, 5, 10)]


def test_stops_when_the_time_is_over_and_goes_on(tmp_path: Path) -> None:
    path, over = tmp_path / "samples.jsonl", iter([False, True])
    assert harvest(Echo(), JOBS, path, ledger=Ledger(), is_out_of_time=lambda: next(over)) is None
    assert len(read_samples(path)) == 2
    assert harvest(Echo(), JOBS, path, ledger=Ledger(), is_out_of_time=lambda: False) is not None
