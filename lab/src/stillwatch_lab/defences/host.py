"""The lab's own teacher behind one defence, asked in process. It is the only host that the attackers know."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import torch

from stillwatch_lab.defences.defence import Answers, Arm, Defence
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.world.questions import Question
from stillwatch_lab.world.transcripts import Ids, Transcripts, write_prompts
from stillwatch_lab.world.world import World


@dataclass
class Host:
    """Answers questions of the world under a defence, and keeps the bill: calls, words asked, words made, scores given.

    Text that a caller wants scored (on-policy distillation) is a call like any other.
    """

    teacher: Decoders
    world: World
    defence: Defence
    bill: Counter[str] = field(default_factory=Counter)
    _arm: Arm = field(init=False)

    def __post_init__(self) -> None:
        if self.teacher.members != 1:
            raise LabSettingsError(f"a host serves one teacher, not {self.teacher.members}; pick one")
        self._arm = self.defence.arm(self.teacher, self.world)

    def anew(self) -> Host:
        """Serve another caller: the same teacher and defence, an empty bill."""
        other = copy(self)
        other.bill = Counter()
        return other

    def ask(self, questions: Sequence[Question], *, seed: str, scored: bool = False) -> Answers:
        """Answer each question once, words drawn by ``seed``; with the log-probabilities if asked for and given."""
        asked = write_prompts(self.world, [question.words for question in questions])
        how = Sampling(temperature=self.defence.temperature, seed=zlib.crc32(seed.encode()), processor=self._arm())
        said = sample(self.teacher, torch.from_numpy(asked.ids)[None], torch.from_numpy(asked.prompts)[None], how)
        whole = Transcripts(said[0].numpy(), asked.prompts)
        return self._hand_out(self._answers(whole, scored=scored))

    def score(self, rows: Transcripts) -> Answers:
        """Score text that the caller wrote, as an API that echoes log-probabilities does."""
        answers = self._hand_out(self._answers(rows, scored=True))
        return replace(answers, rows=rows)

    def _answers(self, rows: Transcripts, *, scored: bool) -> Answers:
        ids = torch.from_numpy(rows.ids)
        scores = next_words(self.teacher, ids[None])[0].half() if scored else None
        return Answers(rows, scores, _said(rows))

    def _hand_out(self, answers: Answers) -> Answers:
        shown = self.defence.show(answers, self.world)
        entries = 0 if shown.scores is None else int((shown.scores.isfinite().sum(-1).numpy() * shown.rows.said).sum())
        self.bill.update(
            calls=len(answers.billed),
            prompt_words=int(answers.rows.prompts.sum()),
            made_words=int(answers.billed.sum()),
            shown_words=int(_said(shown.rows).sum()),
            logprob_entries=entries,
        )
        return shown


def _said(rows: Transcripts) -> Ids:
    counts: Ids = rows.said.sum(axis=1)
    return counts
