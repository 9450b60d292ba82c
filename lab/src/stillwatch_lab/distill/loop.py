"""The training loop: steps, held-out losses, checkpoints, and the time that is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from stillwatch_lab.distill.checkpoint import Progress, read_checkpoint, write_checkpoint
from stillwatch_lab.distill.objective import is_own_text, own_rows, token_losses
from stillwatch_lab.distill.order import places_at
from stillwatch_lab.distill.rows import Batch, Row, make_batch
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Ledger, Teacher
from stillwatch_lab.errors import RunError
from stillwatch_lab.losses.reduce import mean_loss
from stillwatch_lab.models.folders import UNBOUNDED, LanguageModel
from stillwatch_lab.models.sampling import mixed

ADAM_BETAS = (0.9, 0.98)
"""As in the pilot and in Vaswani et al. 2017: runs of a few thousand steps are over before 0.999 has warmed up."""
FINAL_SHARE = 0.05
"""Of the peak learning rate, at the end of the cosine."""


@dataclass(frozen=True)
class Status:
    """What a person who waits wants to know."""

    progress: Progress
    steps: int
    tokens_per_second: float
    """Completion tokens, in this session."""
    seconds_left: float


@dataclass(frozen=True)
class Training:
    """Everything that a training is made of. ``prompts`` are the rows' own, in their order."""

    student: LanguageModel
    teacher: Teacher
    settings: DistillSettings
    learning_rate: float
    prompts: list[tuple[int, ...]]
    rows: list[Row]
    """One for each of ``prompts``; empty if all steps are on the student's own text."""
    held_out: list[Row]
    checkpoint: Path
    scoring: Ledger
    """What the teacher scores during training: text of the student's. It has seen its own when it wrote it."""

    @property
    def max_length(self) -> int:
        """Cut rows where the settings say, or where a model that reads them has no more positions."""
        teachers = UNBOUNDED if self.settings.method is Method.SEQUENCE else self.teacher.room
        return min(self.settings.max_length, self.student.room, teachers)

    def run(
        self,
        *,
        show: Callable[[Status], None] = lambda _: None,
        max_seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> tuple[Progress, bool]:
        """Train until the last step, the plateau or ``max_seconds``; True if there is nothing left to do.

        On one kind of processor with one number of threads the result is the same bits however often it was killed.
        """
        optimizer = torch.optim.AdamW(
            self._trainable(), lr=self.learning_rate, betas=ADAM_BETAS, weight_decay=self.settings.weight_decay
        )
        progress = self._resume(optimizer)
        session = _Session(clock, progress)
        self.student.model.train()
        while not self._is_over(progress):
            self._step(progress, optimizer)
            session.note(progress)
            out_of_time = session.elapsed >= max_seconds
            if self._is_over(progress) or out_of_time or progress.step % self.settings.checkpoint_every == 0:
                self._save(progress, optimizer)
            show(session.status(progress, self.settings.steps))
            if out_of_time:
                break
        return progress, self._is_over(progress)

    def _step(self, progress: Progress, optimizer: torch.optim.Optimizer) -> None:
        # Dropout's numbers depend on the step alone, and so does everything else that is drawn: see order.py.
        torch.manual_seed(mixed(self.settings.seed, progress.step))
        for group in optimizer.param_groups:
            group["lr"] = self.learning_rate * schedule(progress.step, self.settings)
        batches = list(self._batches(self._rows_at(progress.step)))
        if is_own_text(self.settings, progress.step):
            for batch in batches:
                self.scoring.add_scoring(batch, self.settings.top_k or len(self.student.tokenizer))
        tokens = sum(batch.completion_tokens for batch in batches)
        loss = 0.0
        for batch in batches:
            losses = token_losses(self.student, batch, self.teacher, self.settings)
            part = mean_loss(losses, batch.completion, tokens=tokens)
            part.backward()
            loss += part.item()
        if not math.isfinite(loss):
            raise RunError(f"step {progress.step + 1}: the loss is {loss}; use a lower --learning-rate or more warm-up")
        torch.nn.utils.clip_grad_norm_(self._trainable(), self.settings.clip_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.tokens += tokens
        progress.losses.append(loss)
        if progress.step % self.settings.evaluate_every == 0 or progress.step == self.settings.steps:
            self._evaluate(progress)

    def _rows_at(self, step: int) -> list[Row]:
        places = places_at(step, rows=len(self.prompts), size=self.settings.batch_size, seed=self.settings.seed)
        if is_own_text(self.settings, step):
            return own_rows(self.student, [self.prompts[place] for place in places], self.settings, step)
        return [self.rows[place] for place in places]

    def _batches(self, rows: list[Row]) -> Iterator[Batch]:
        size = self.settings.micro_batch or len(rows)
        for at in range(0, len(rows), size):
            yield make_batch(
                rows[at : at + size],
                pad=self.student.pad,
                max_length=self.max_length,
                device=self.settings.device,
            )

    @torch.no_grad()
    def _evaluate(self, progress: Progress) -> None:
        if not self.held_out:
            return
        self.student.model.eval()
        total, tokens = 0.0, 0
        for at in range(0, len(self.held_out), self.settings.batch_size):
            for batch in self._batches(self.held_out[at : at + self.settings.batch_size]):
                losses = token_losses(self.student, batch, self.teacher, self.settings)
                total += mean_loss(losses, batch.completion, tokens=1).item()
                tokens += batch.completion_tokens
        self.student.model.train()
        progress.held_out.append((progress.step, total / max(tokens, 1)))

    def _is_over(self, progress: Progress) -> bool:
        patience = self.settings.patience
        return progress.step >= self.settings.steps or 0 < patience <= progress.evaluations_without_gain()

    def _trainable(self) -> list[torch.nn.Parameter]:
        return [parameter for parameter in self.student.model.parameters() if parameter.requires_grad]

    def _save(self, progress: Progress, optimizer: torch.optim.Optimizer) -> None:
        progress.scoring = self.scoring.to_dict()
        write_checkpoint(
            self.checkpoint, progress, model=self.student.model.state_dict(), optimizer=optimizer.state_dict()
        )

    def _resume(self, optimizer: torch.optim.Optimizer) -> Progress:
        kept = read_checkpoint(self.checkpoint)
        if kept is None:
            return Progress()
        progress, weights, moments = kept
        self.student.model.load_state_dict(weights)
        optimizer.load_state_dict(moments)
        self.scoring.set(progress.scoring)
        progress.resumed += not self._is_over(progress)
        return progress


class _Session:
    """The time since this process began to train, beside what the ones before it took."""

    def __init__(self, clock: Callable[[], float], progress: Progress) -> None:
        self.clock, self.started, self.elapsed = clock, clock(), 0.0
        self.seconds, self.tokens, self.step = progress.seconds, progress.tokens, progress.step

    def note(self, progress: Progress) -> None:
        self.elapsed = self.clock() - self.started
        progress.seconds = self.seconds + self.elapsed

    def status(self, progress: Progress, steps: int) -> Status:
        elapsed = max(self.elapsed, 1e-9)  # a clock that stands still in a test
        return Status(
            progress=progress,
            steps=steps,
            tokens_per_second=(progress.tokens - self.tokens) / elapsed,
            seconds_left=elapsed / (progress.step - self.step) * (steps - progress.step),
        )


def schedule(step: int, settings: DistillSettings) -> float:
    """Share of the peak learning rate at ``step`` (from 0): linear rise, then half a cosine down to ``FINAL_SHARE``."""
    warmup = min(settings.warmup_steps, settings.steps // 2)
    if step < warmup:
        return (step + 1) / warmup
    fallen = (step - warmup) / max(settings.steps - warmup, 1)
    return FINAL_SHARE + (1 - FINAL_SHARE) * (1 + math.cos(math.pi * fallen)) / 2
