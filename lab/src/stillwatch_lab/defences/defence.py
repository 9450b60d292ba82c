"""What a defence is to the rest of the lab, and how the ones in this folder are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.registry import Registry
from stillwatch_lab.watermarks.scheme import Processor
from stillwatch_lab.world.transcripts import Transcripts
from stillwatch_lab.world.world import World


@dataclass(frozen=True)
class Answers:
    """What leaves the server, one row a question.

    ``rows`` is the conversation as the caller sees it. ``scores`` (rows, places, vocabulary): the log-probability of
    every word *at* each place as far as the host gives it, None where it gives none. ``billed`` counts the words the
    model made for each question, shown or not.
    """

    rows: Transcripts
    scores: Tensor | None
    billed: npt.NDArray[np.int64]


Arm = Callable[[], Processor | None]
"""Makes what changes the scores while one batch is written; a processor remembers its batch, so each gets its own."""


@dataclass(frozen=True)
class Defence:
    """A defence does nothing unless it says so: it may change how words are chosen, and what of them is shown.

    Its fields are its settings. ``misses`` says who gets around it; the counter-moves are in ``attackers/``.
    """

    name: ClassVar[str] = ""
    misses: ClassVar[str] = ""

    @property
    def temperature(self) -> float:
        """Which temperature words are drawn at."""
        return 1.0

    def arm(self, _teacher: Decoders, _world: World) -> Arm:
        """Prepare once for a teacher."""
        return lambda: None

    def show(self, answers: Answers, _world: World) -> Answers:
        """Take out of whole answers what is not to leave."""
        return answers


D = TypeVar("D", bound=type[Defence])
_registry: Registry[Defence] = Registry("defence", "stillwatch_lab.defences")


def defence(name: str) -> Callable[[D], D]:
    """Name a defence, so that the command line and the grid can ask for it."""

    def register(kind: D) -> D:
        kind.name = name
        _registry.add(name, kind)
        return kind

    return register


def find_defences() -> dict[str, type[Defence]]:
    """Find every defence of this folder, by name."""
    return _registry.find()


def make_defence(name: str, **settings: float) -> Defence:
    """Make a defence by name. Raises LabSettingsError for a name or setting that there is not."""
    kind = _registry.kind(name)
    try:
        return kind(**settings)
    except TypeError as problem:
        raise LabSettingsError(f"defence {name!r}: {problem}") from None
