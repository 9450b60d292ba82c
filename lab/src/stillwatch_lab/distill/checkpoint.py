"""Where a training stands, on disk: a run that was killed goes on from there as if nothing had happened."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import is_zipfile

import torch

from stillwatch_lab.errors import RunError


@dataclass
class Progress:
    """What a training did so far. Steps count from 1 once they are done."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    """Of each step."""
    held_out: list[tuple[int, float]] = field(default_factory=list)
    """After which step, and the loss."""
    tokens: int = 0
    """Completion tokens trained on."""
    seconds: float = 0.0
    resumed: int = 0
    """How often it went on from a checkpoint."""
    scoring: dict[str, int] = field(default_factory=dict)
    """The ledger of what the teacher scored during training."""

    def evaluations_without_gain(self) -> int:
        """Count the evaluations since the best one."""
        losses = [loss for _, loss in self.held_out]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def write_checkpoint(path: Path, progress: Progress, *, model: dict[str, Any], optimizer: dict[str, Any]) -> None:
    """Replace the checkpoint. A crash before the last line leaves the one before."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save({"progress": asdict(progress), "model": model, "optimizer": optimizer}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_checkpoint(path: Path) -> tuple[Progress, dict[str, Any], dict[str, Any]] | None:
    """Read progress, model and optimiser; None if there is no checkpoint yet.

    Raises RunError if the file is not one of ours.
    """
    if not path.exists():
        return None
    if not is_zipfile(path):
        raise RunError(f"{path}: not a checkpoint of this lab, or not whole; delete it to train from the start")
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        progress = Progress(**kept["progress"])
        progress.held_out = [(int(step), float(loss)) for step, loss in progress.held_out]
        return progress, kept["model"], kept["optimizer"]
    except (RuntimeError, KeyError, TypeError, ValueError, UnpicklingError) as problem:
        raise RunError(
            f"{path}: not a checkpoint of this lab: {problem}; delete it to train from the start"
        ) from problem
