"""Ask the teacher, and keep every answer as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from stillwatch_lab.distill.samples import Job, Sample
from stillwatch_lab.distill.teacher import Ledger, Teacher
from stillwatch_lab.errors import RunError

ShowHarvest = Callable[[int, int, int], None]
"""Told how many answers there are, how many there will be, and the tokens of them."""


def harvest(
    teacher: Teacher,
    jobs: list[Job],
    path: Path,
    *,
    ledger: Ledger,
    show: ShowHarvest = lambda *_: None,
    is_out_of_time: Callable[[], bool] = lambda: False,
) -> list[Sample] | None:
    """Have every job answered, in the jobs' order; None if the time was over before.

    Answers that ``path`` holds already are not asked for again.
    """
    known = {sample.key: sample for sample in read_samples(path)}
    tokens = sum(sample.completion_tokens for sample in known.values())
    for batch in teacher.batches(jobs):
        if all(job.key in known for job in batch):
            continue
        if is_out_of_time():
            return None
        answered = teacher.answer(batch)
        # One write and one flush a batch: a crash leaves it whole, or its last line cut, which read_samples drops.
        _append(path, [sample for sample in answered if sample.key not in known])
        known |= {sample.key: sample for sample in answered}
        tokens += sum(sample.completion_tokens for sample in answered)
        show(sum(job.key in known for job in jobs), len(jobs), tokens)
    samples = [known[job.key] for job in jobs]
    for sample in samples:
        ledger.add_sample(sample)
    return samples


def read_samples(path: Path) -> list[Sample]:
    """Read what was answered so far; a line that a crash cut off is dropped from the file.

    Raises RunError for any other line that is no sample.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    samples: list[Sample] = []
    for number, line in enumerate(whole.decode().split("\n")[:-1], 1):
        try:
            samples.append(Sample.from_json(line))
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as problem:
            raise RunError(f"{path}:{number}: not a sample: {problem}; delete the file to ask again") from problem
    return samples


def _append(path: Path, samples: list[Sample]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(sample.to_json() + "\n" for sample in samples))
        file.flush()
        os.fsync(file.fileno())
