"""The data of a run: prompts, divided into those that train and those that measure, and what the teacher answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch_lab.distill.harvest import ShowHarvest, harvest
from stillwatch_lab.distill.objective import needs_samples
from stillwatch_lab.distill.order import held_out_numbers
from stillwatch_lab.distill.parties import same_tokens
from stillwatch_lab.distill.rows import Row, make_row, render
from stillwatch_lab.distill.run_folder import file_sha256
from stillwatch_lab.distill.samples import Job, Sample, make_jobs, read_prompts
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Ledger, Teacher
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import LanguageModel


@dataclass(frozen=True)
class Data:
    """Jobs with their samples, as far as they were asked for, and the bill for these."""

    training: list[Job]
    held_out: list[Job]
    samples: dict[tuple[int, int], Sample]
    asked: Ledger

    def rows(self, jobs: list[Job], student: LanguageModel, teacher: Teacher, settings: DistillSettings) -> list[Row]:
        """Write the samples of some jobs in the student's tokens."""
        same = same_tokens(teacher, student)
        known = [self.samples[job.key] for job in jobs if job.key in self.samples]
        return [make_row(one, student.tokenizer, reasoning=settings.reasoning, same_tokens=same) for one in known]

    def prompts(self, student: LanguageModel, settings: DistillSettings) -> list[tuple[int, ...]]:
        """Write the training prompts in the student's tokens. Raises LabSettingsError for one that leaves no room."""
        prompts = [render(job.messages, student.tokenizer) for job in self.training]
        longest = max(map(len, prompts))
        if longest >= settings.max_length:
            raise LabSettingsError(f"a prompt has {longest} tokens, max_length is {settings.max_length}: raise it")
        if longest >= student.room:
            raise LabSettingsError(
                f"a prompt has {longest} tokens, the student positions for {student.room}: shorten it, or "
                "take a student with more"
            )
        return prompts

    def describe(self, prompts: Path, samples: Path, scoring: Ledger) -> dict[str, Any]:
        """Say for the run card what was asked and answered; ``scoring`` is the bill of the training."""
        return {
            "prompts_file": prompts.name,
            "prompts_sha256": file_sha256(prompts),
            "samples_sha256": file_sha256(samples) if samples.exists() else None,
            "training_jobs": len(self.training),
            "held_out_jobs": len(self.held_out),
            "answers_without_token_counts": sum(sample.completion_tokens == 0 for sample in self.samples.values()),
            "cut_at_max_new_tokens": sum(not sample.ended for sample in self.samples.values()),
            **(self.asked + scoring).to_dict(),
            "of_these_queries_scored_in_training": scoring.queries,
        }


def ask(
    teacher: Teacher,
    prompts: Path,
    samples: Path,
    settings: DistillSettings,
    *,
    show: ShowHarvest,
    is_out_of_time: Callable[[], bool],
) -> Data | None:
    """Divide the prompts and have answered what the method needs; None if the time was over before."""
    jobs = make_jobs(read_prompts(prompts), draws=settings.draws, queries=settings.queries)
    held_out = held_out_numbers(len({job.number for job in jobs}), share=settings.held_out, seed=settings.seed)
    wanted, asked = needs_samples(settings, jobs, held_out), Ledger()
    answered = harvest(teacher, wanted, samples, ledger=asked, show=show, is_out_of_time=is_out_of_time)
    if answered is None:
        return None
    if settings.method is not Method.SEQUENCE and teacher.tokenizer is not None:
        asked.logprob_entries = asked.completion_tokens * (settings.top_k or len(teacher.tokenizer))
    return Data(
        training=[job for job in jobs if job.number not in held_out],
        held_out=[job for job in jobs if job.number in held_out],
        samples={sample.key: sample for sample in answered},
        asked=asked,
    )
