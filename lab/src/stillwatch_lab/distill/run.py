"""One distillation from beginning to end: permission, samples, training, student, card."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch_lab.distill.card import RunCard, environment, training_results
from stillwatch_lab.distill.checkpoint import Progress
from stillwatch_lab.distill.harvest import ShowHarvest, harvest
from stillwatch_lab.distill.loop import Status, Training
from stillwatch_lab.distill.objective import needs_samples
from stillwatch_lab.distill.order import held_out_numbers
from stillwatch_lab.distill.parties import Parties, open_student, open_teacher, permit, same_tokens
from stillwatch_lab.distill.picture import draw_losses
from stillwatch_lab.distill.rows import Row, make_row, render
from stillwatch_lab.distill.run_folder import RunFolder, file_sha256, open_run
from stillwatch_lab.distill.samples import Job, Sample, make_jobs, read_prompts
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Ledger, Teacher
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import LanguageModel, parameters, write_model


@dataclass(frozen=True)
class Show:
    """Whom to tell how far it is."""

    harvest: ShowHarvest = lambda *_: None
    training: Callable[[Status], None] = lambda _: None


@dataclass(frozen=True)
class _Data:
    """The jobs of a run, divided, with what was answered."""

    training: list[Job]
    held_out: list[Job]
    samples: dict[tuple[int, int], Sample]


def distill(
    parties: Parties,
    prompts: Path,
    out: Path,
    settings: DistillSettings,
    *,
    show: Show = Show(),
    max_seconds: float = math.inf,
) -> Path | None:
    """Make a student in ``out`` and return its card's path; None if ``max_seconds`` of training were over before.

    The same call goes on where the last one ended, however it ended.
    """
    # 1. Permission.     Nothing is asked of a teacher that may not be used.
    permission = permit(parties)
    # 2. The folder.     From here on the same call, and no other, goes on in it.
    folder = open_run(out, _identity(parties, prompts, settings))
    if folder.card.exists():
        return folder.card
    # 3. The samples.    A crash keeps what was answered: it is not asked for again.
    asked, scoring = Ledger(), Ledger()
    teacher = open_teacher(parties, settings)
    data = _ask(teacher, prompts, folder, settings, ledger=asked, show=show.harvest)
    # 4. The training.   A crash loses the steps since the last checkpoint, and they come out the same again.
    student, rate = open_student(parties, settings, teacher)
    training = Training(
        student=student,
        teacher=teacher,
        settings=settings,
        learning_rate=rate,
        prompts=_prompts(data, student, settings),
        rows=_rows(data, data.training, student, teacher, settings),
        held_out=_rows(data, data.held_out, student, teacher, settings),
        checkpoint=folder.checkpoint,
        scoring=scoring,
    )
    progress, over = training.run(show=show.training, max_seconds=max_seconds)
    _write_losses(progress, folder, title=f"{settings.method} from {teacher.name}")
    if not over:
        return None
    # 5. The student.    A crash leaves a folder without card: the same call writes it again.
    size = parameters(student.model)
    write_model(_merged(student, settings), out)
    # 6. The card.       From here on the run is done.
    RunCard(
        finished_at=datetime.now(UTC),
        teacher=teacher.describe(),
        permission=permission.to_dict(),
        student={"from": parties.student, "architecture": student.model.config.model_type, "parameters": size},
        data=_describe_data(prompts, data, folder, asked=asked, scoring=scoring),
        settings={**settings.to_dict(), "learning_rate": rate},
        environment=environment(settings.device),
        results=training_results(progress, plateau=progress.step < settings.steps),
    ).write(folder.path)
    folder.checkpoint.unlink(missing_ok=True)
    return folder.card


def _identity(parties: Parties, prompts: Path, settings: DistillSettings) -> dict[str, Any]:
    """Name what makes a run this run; how often it saves is not part of it."""
    kept = {name: value for name, value in settings.to_dict().items() if name != "checkpoint_every"}
    return {
        "teacher": parties.teacher,
        "model": parties.model,
        "student": parties.student,
        "tokenizer": parties.tokenizer,
        "prompts_sha256": file_sha256(prompts) if prompts.is_file() else None,
        **kept,
    }


def _ask(
    teacher: Teacher,
    prompts: Path,
    folder: RunFolder,
    settings: DistillSettings,
    *,
    ledger: Ledger,
    show: ShowHarvest,
) -> _Data:
    jobs = make_jobs(read_prompts(prompts), draws=settings.draws, queries=settings.queries)
    numbers = sorted({job.number for job in jobs})
    held_out = held_out_numbers(len(numbers), share=settings.held_out, seed=settings.seed)
    samples = harvest(teacher, needs_samples(settings, jobs, held_out), folder.samples, ledger=ledger, show=show)
    if settings.method is not Method.SEQUENCE and teacher.tokenizer is not None:
        entries = settings.top_k or len(teacher.tokenizer)
        ledger.logprob_entries = entries * ledger.completion_tokens
    return _Data(
        training=[job for job in jobs if job.number not in held_out],
        held_out=[job for job in jobs if job.number in held_out],
        samples={sample.key: sample for sample in samples},
    )


def _rows(
    data: _Data, jobs: list[Job], student: LanguageModel, teacher: Teacher, settings: DistillSettings
) -> list[Row]:
    same = same_tokens(teacher, student)
    known = [data.samples[job.key] for job in jobs if job.key in data.samples]
    return [make_row(one, student.tokenizer, reasoning=settings.reasoning, same_tokens=same) for one in known]


def _prompts(data: _Data, student: LanguageModel, settings: DistillSettings) -> list[tuple[int, ...]]:
    prompts = [render(job.messages, student.tokenizer) for job in data.training]
    longest = max(map(len, prompts))
    if longest >= settings.max_length:
        raise LabSettingsError(f"a prompt has {longest} tokens, max_length is {settings.max_length}: raise it")
    return prompts


def _merged(student: LanguageModel, settings: DistillSettings) -> LanguageModel:
    if not settings.lora_rank:
        return student
    return LanguageModel(student.model.merge_and_unload(), student.tokenizer)


def _write_losses(progress: Progress, folder: RunFolder, *, title: str) -> None:
    draw_losses(progress, folder.picture, title=title)
    numbers = {"losses": progress.losses, "held_out": progress.held_out}
    folder.losses.write_text(json.dumps(numbers) + "\n", encoding="utf-8")


def _describe_data(prompts: Path, data: _Data, folder: RunFolder, *, asked: Ledger, scoring: Ledger) -> dict[str, Any]:
    return {
        "prompts_file": prompts.name,
        "prompts_sha256": file_sha256(prompts),
        "samples_sha256": file_sha256(folder.samples) if folder.samples.exists() else None,
        "training_jobs": len(data.training),
        "held_out_jobs": len(data.held_out),
        "cut_at_max_new_tokens": sum(not sample.ended for sample in data.samples.values()),
        **(asked + scoring).to_dict(),
        "of_these_queries_scored_in_training": scoring.queries,
    }
