"""One distillation from beginning to end: permission, samples, training, student, card."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch_lab.distill.card import RunCard, environment, training_results
from stillwatch_lab.distill.checkpoint import Progress
from stillwatch_lab.distill.data import Data, ask
from stillwatch_lab.distill.harvest import ShowHarvest
from stillwatch_lab.distill.loop import Status, Training
from stillwatch_lab.distill.parties import Parties, open_student, open_teacher, permit, require_openable
from stillwatch_lab.distill.picture import draw_losses
from stillwatch_lab.distill.run_folder import RunFolder, file_sha256, open_run
from stillwatch_lab.distill.settings import DistillSettings
from stillwatch_lab.distill.teacher import Ledger, Teacher
from stillwatch_lab.models.folders import LanguageModel, parameters, write_model


@dataclass(frozen=True)
class Show:
    """Whom to tell how far it is."""

    harvest: ShowHarvest = lambda *_: None
    training: Callable[[Status], None] = lambda _: None


def distill(
    parties: Parties,
    prompts: Path,
    out: Path,
    settings: DistillSettings,
    *,
    show: Show = Show(),
    max_seconds: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Make a student in ``out`` and return its card's path; None if ``max_seconds`` were over before.

    The time is looked at between batches of answers and between steps. The same call goes on where the last one
    ended, however it ended.
    """
    # 1. Permission.     Nothing is asked of a teacher that may not be used.
    permission = permit(parties)
    require_openable(parties, prompts, settings)
    # 2. The folder.     From here on the same call, and no other, goes on in it.
    folder = open_run(out, _identity(parties, prompts, settings))
    if folder.card.exists():
        return folder.card
    # 3. The samples.    A crash keeps what was answered: it is not asked for again.
    until = clock() + max_seconds
    with closing(open_teacher(parties, settings)) as teacher:
        data = ask(
            teacher, prompts, folder.samples, settings, show=show.harvest, is_out_of_time=lambda: clock() > until
        )
        if data is None:
            return None
        # 4. The training.   A crash loses the steps since the last checkpoint, and they come out the same again.
        training = _prepare(parties, settings, teacher, data, folder)
        progress, over = training.run(show=show.training, max_seconds=until - clock(), clock=clock)
        _write_losses(progress, folder, title=f"{settings.method} from {teacher.name}")
        if not over:
            return None
        # 5. The student.    A crash leaves a folder without card: the same call writes it again.
        student = _describe_student(parties, training)
        write_model(_merged(training.student, settings), out)
        # 6. The card.       From here on the run is done.
        RunCard(
            finished_at=datetime.now(UTC),
            teacher=teacher.describe(),
            permission=permission.to_dict(),
            student=student,
            data=data.describe(prompts, folder.samples, training.scoring),
            settings={**settings.to_dict(), "learning_rate": training.learning_rate},
            environment=environment(settings.device),
            results=training_results(progress, plateau=progress.step < settings.steps),
        ).write(folder.path)
        folder.checkpoint.unlink(missing_ok=True)
        return folder.card


def _prepare(parties: Parties, settings: DistillSettings, teacher: Teacher, data: Data, folder: RunFolder) -> Training:
    student, rate = open_student(parties, settings, teacher)
    return Training(
        student=student,
        teacher=teacher,
        settings=settings,
        learning_rate=rate,
        prompts=data.prompts(student, settings),
        rows=data.rows(data.training, student, teacher, settings),
        held_out=data.rows(data.held_out, student, teacher, settings),
        checkpoint=folder.checkpoint,
        scoring=Ledger(),
    )


def _describe_student(parties: Parties, training: Training) -> dict[str, Any]:
    model = training.student.model
    return {"from": parties.student, "architecture": model.config.model_type, "parameters": parameters(model)}


def _identity(parties: Parties, prompts: Path, settings: DistillSettings) -> dict[str, Any]:
    """Name what makes a run this run; how often it saves is not part of it."""
    kept = {name: value for name, value in settings.to_dict().items() if name != "checkpoint_every"}
    return {
        "teacher": parties.teacher,
        "model": parties.model,
        "student": parties.student,
        "tokenizer": parties.tokenizer,
        "prompts_sha256": file_sha256(prompts),
        **kept,
    }


def _merged(student: LanguageModel, settings: DistillSettings) -> LanguageModel:
    if not settings.lora_rank:
        return student
    return LanguageModel(student.model.merge_and_unload(), student.tokenizer)


def _write_losses(progress: Progress, folder: RunFolder, *, title: str) -> None:
    draw_losses(progress, folder.picture, title=title)
    numbers = {"losses": progress.losses, "held_out": progress.held_out}
    folder.losses.write_text(json.dumps(numbers) + "\n", encoding="utf-8")
