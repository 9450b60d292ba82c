"""The members of an ensemble as respondents, asked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import torch

from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.sampling import Sampling, sample
from stillwatch_lab.respondents.reply import Manner, Reply
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.transcripts import read_lessons, write_prompts
from stillwatch_lab.world.world import World


@dataclass
class Crowd:
    """The members of an ensemble, asked together: the first that is asked something has it answered by all."""

    models: Decoders
    world: World
    label: str
    _said: dict[tuple[object, ...], list[list[Lesson]]] = field(default_factory=dict)

    def members(self) -> list[Member]:
        """Name each member a respondent of its own."""
        return [Member(self, number) for number in range(self.models.members)]

    def ask(self, member: int, prompts: Sequence[str], manner: Manner) -> list[Lesson]:
        """Answer as one member; repeated questions are answered from memory."""
        key = (*prompts, manner)
        if key not in self._said:
            self._said[key] = self._ask_all(prompts, manner)
        return self._said[key][member]

    def _ask_all(self, prompts: Sequence[str], manner: Manner) -> list[list[Lesson]]:
        rows = write_prompts(self.world, [prompt.split() for prompt in prompts])
        ids = torch.from_numpy(rows.ids).expand(self.models.members, -1, -1)
        lengths = torch.from_numpy(rows.prompts).expand(self.models.members, -1)
        said = sample(self.models, ids, lengths, Sampling(temperature=manner.temperature, seed=manner.seed))
        return [read_lessons(self.world, np.asarray(one)) for one in said]


@dataclass(frozen=True)
class Member:
    """One model of a crowd."""

    crowd: Crowd
    number: int

    @property
    def name(self) -> str:
        """Name the crowd and the place in it."""
        return f"{self.crowd.label}-{self.number}"

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        """Answer each prompt."""
        lessons = self.crowd.ask(self.number, prompts, manner)
        return [Reply(" ".join(lesson.reasoning), " ".join(lesson.answer)) for lesson in lessons]

    def fingerprint(self) -> str:
        """Hash the weights."""
        hashed = sha256()
        for name, weight in self.crowd.models.w.items():
            hashed.update(name.encode() + weight[self.number].detach().cpu().numpy().tobytes())
        return hashed.hexdigest()
