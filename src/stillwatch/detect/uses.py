"""What a prompt is for, read from its cues: how much it looks like the making of training data, and of which kind.

A naive Bayes score over the bits of ``records.Cue`` (Maron 1961; the weights are log2 likelihood ratios in hundredths
of a bit). They were argued from the wording of public pipelines and of ordinary use, checked on public prompts, and
hold for every language alike, because a cue is the same bit in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.records import Cue

PRIOR_CENTIBITS = -300
"""Before any cue: one prompt in nine is taken for harvest. Only differences matter further on."""

WEIGHT_CENTIBITS: dict[Cue, int] = {
    Cue.REASONING: 100,
    Cue.EXTERNALISED: 400,
    Cue.JUSTIFY_GIVEN: 400,
    Cue.TAG_CONTAINER: 200,
    Cue.JSON_CONTAINER: 70,
    Cue.SECTION_CONTAINER: 100,
    Cue.GRADING: 250,
    Cue.PAIRWISE: 250,
    Cue.INVENTION: 350,
    Cue.EVOLUTION: 350,
    Cue.TRAINING: 350,
    Cue.PRETEXT: 400,
    Cue.LANGUAGE_MATCH: 400,
    Cue.EXHAUSTIVE: 150,
    Cue.TRACE_CLEANING: 400,
    Cue.TRAJECTORY: 350,
    Cue.DECODING: 600,
    Cue.UNREFUSING: 200,
    Cue.DIVERSITY: 200,
    Cue.CLASSIFICATION: -150,
    Cue.CONTEXT: -150,
    Cue.OPTIONS: -150,
    Cue.FEW_SHOT: -150,
    Cue.PERSONAL: -100,
    Cue.AGENT: -300,
    Cue.QUALITY: 70,
}
HARVEST_CENTIBITS = 50
"""From here on a call counts as harvest: a little more likely than not."""


class Use(IntEnum):
    """What is harvested; the value is a key of its cell."""

    NONE = 0
    REASONING = 1
    GRADING = 2
    INVENTION = 3
    TRAJECTORIES = 4
    TRACES = 5
    UNSAFE = 6
    ANSWERS = 7
    BARE = 8  # no wording at all: single questions of accounts that have one payer (detect/suspects.py)


USE_CUES: dict[Use, Cue] = {
    Use.REASONING: Cue.EXTERNALISED
    | Cue.JUSTIFY_GIVEN
    | Cue.LANGUAGE_MATCH
    | Cue.REASONING
    | Cue.EXHAUSTIVE
    | Cue.TAG_CONTAINER,
    Use.GRADING: Cue.GRADING | Cue.PAIRWISE,
    Use.INVENTION: Cue.INVENTION | Cue.EVOLUTION | Cue.DIVERSITY | Cue.TRAINING,
    Use.TRAJECTORIES: Cue.TRAJECTORY,
    Use.TRACES: Cue.TRACE_CLEANING | Cue.DECODING,
    Use.UNSAFE: Cue.PRETEXT | Cue.UNREFUSING,
}


@dataclass(frozen=True)
class CueTable:
    """For each distinct combination of cues: its harvest score in centibits and its use."""

    cues: npt.NDArray[np.int64]
    score: npt.NDArray[np.int64]
    use: npt.NDArray[np.int64]

    def to_arrow(self) -> pa.Table:
        """Return the columns cues, score, use."""
        return pa.table({"cues": self.cues, "score": self.score, "use": self.use})


def score_cues(cues: npt.NDArray[np.int64]) -> CueTable:
    """Score each combination of cues; a use only where the score reaches HARVEST_CENTIBITS."""
    score = np.full(len(cues), PRIOR_CENTIBITS, np.int64)
    for cue, weight in WEIGHT_CENTIBITS.items():
        score += np.where(cues & int(cue), weight, 0)
    best = np.zeros(len(cues), np.int64)
    use = np.full(len(cues), int(Use.ANSWERS), np.int64)
    for kind, mask in USE_CUES.items():
        mine = sum(
            (np.where(cues & int(c), WEIGHT_CENTIBITS[c], 0) for c in Cue if c & mask), np.zeros(len(cues), np.int64)
        )
        use = np.where(mine > best, int(kind), use)
        best = np.maximum(best, mine)
    return CueTable(cues, score, np.where(score >= HARVEST_CENTIBITS, use, int(Use.NONE)))


def cue_names(cues: int) -> list[str]:
    """Name the bits of a combination in plain words, in the order of ``Cue``."""
    return [str(c.name).lower().replace("_", " ") for c in Cue if cues & int(c)]
