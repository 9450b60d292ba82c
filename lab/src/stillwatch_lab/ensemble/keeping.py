"""Training that may be broken off: what a piece has trained so far, on disk, and a time at which it stops by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stillwatch_lab.errors import RunError

EVERY_SECONDS = 60.0
"""How much training an end without warning may cost."""


class OutOfTimeError(RunError):
    """The piece's time is over; its training is kept and goes on when it is run again."""


@dataclass
class Training:
    """What a call of ``train`` is made of and changes as it goes."""

    models: nn.Module
    optimizer: torch.optim.Optimizer
    draw: torch.Generator
    last: list[Tensor]


@dataclass
class Keeper:
    """Keeps each call of ``train`` in a file of its own, in the order of the calls."""

    folder: Path
    limit_seconds: float
    clock: Callable[[], float] = time.monotonic
    every_seconds: float = EVERY_SECONDS
    _calls: int = 0
    began: float = field(init=False)
    kept_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.kept_at = self.clock()

    def begin(self, training: Training, identity: str) -> Kept:
        """Begin the next call: what was kept of it is put back, unless it was of other text or settings."""
        path = self.folder / f"train-{self._calls}.pt"
        self._calls += 1
        kept = Kept(self, path, training, identity)
        kept.restore()
        return kept


@dataclass
class Kept:
    """One call of ``train``; ``step`` is the first that is still to be made."""

    keeper: Keeper
    path: Path
    training: Training
    identity: str
    step: int = 0

    def restore(self) -> None:
        """Read the state back, on to the device where the models are."""
        if not self.path.exists():
            return
        found: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        if found["identity"] != self.identity:
            return
        with torch.no_grad():
            for name, weight in self.training.models.named_parameters():
                weight.copy_(found["models"][name])
        self.training.optimizer.load_state_dict(found["optimizer"])
        self.training.draw.set_state(found["draw"])
        self.training.last.extend(found["last"])
        self.step = found["step"]

    def after(self, step: int, steps: int) -> None:
        """Keep the state when it is time to, and at the end. Raises OutOfTimeError where the piece's time is over."""
        now = self.keeper.clock()
        over = now - self.keeper.began >= self.keeper.limit_seconds
        if over or step + 1 == steps or now - self.keeper.kept_at >= self.keeper.every_seconds:
            self._write(step + 1)
            self.keeper.kept_at = now
        if over and step + 1 < steps:
            raise OutOfTimeError(f"{self.path}: {step + 1:,} of {steps:,} steps made; run it again to go on")

    def _write(self, step: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")
        state = {
            "identity": self.identity,
            "step": step,
            "models": _here(dict(self.training.models.state_dict())),
            "optimizer": _here(self.training.optimizer.state_dict()),
            "draw": self.training.draw.get_state(),
            "last": [loss.cpu() for loss in self.training.last],
        }
        torch.save(state, partial)
        partial.replace(self.path)


def _here(state: Any) -> Any:
    """Copy a state into main memory."""
    match state:
        case Tensor():
            return state.detach().cpu()
        case dict():
            return {key: _here(value) for key, value in state.items()}
        case _:
            return state


_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def keep_training(folder: Path, *, limit_seconds: float, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Keep every ``train`` inside in ``folder``; the same calls go on from there. Stops after ``limit_seconds``."""
    token = _keeper.set(Keeper(folder, limit_seconds, every_seconds=every_seconds))
    try:
        yield
    finally:
        _keeper.reset(token)


def keep(training: Training, *parts: object) -> Kept | None:
    """Keep this call where ``keep_training`` asks for it; ``parts`` decide whether what is there is of this call."""
    keeper = _keeper.get()
    return keeper.begin(training, _identify(parts)) if keeper else None


def _identify(parts: tuple[object, ...]) -> str:
    hashed = sha256()
    for part in parts:
        told = part.numpy().tobytes() if isinstance(part, Tensor) else repr(part).encode()
        hashed.update(sha256(told).digest())
    return hashed.hexdigest()
