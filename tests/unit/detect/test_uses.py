import numpy as np
import pytest

from stillwatch.detect.uses import HARVEST_CENTIBITS, PRIOR_CENTIBITS, WEIGHT_CENTIBITS, Use, cue_names, score_cues
from stillwatch.records import Cue


def one(cues: Cue | int) -> tuple[int, Use]:
    table = score_cues(np.array([int(cues)]))
    return int(table.score[0]), Use(int(table.use[0]))


def test_a_prompt_without_cues_has_the_prior_and_no_use() -> None:
    assert one(0) == (PRIOR_CENTIBITS, Use.NONE)


@pytest.mark.parametrize(
    ("cues", "use"),
    [
        (Cue.REASONING | Cue.EXTERNALISED | Cue.TAG_CONTAINER, Use.REASONING),
        (Cue.GRADING | Cue.PAIRWISE | Cue.REASONING, Use.GRADING),
        (Cue.INVENTION | Cue.DIVERSITY, Use.INVENTION),
        (Cue.INVENTION | Cue.TRAJECTORY, Use.INVENTION),  # as weighty: the first in order
        (Cue.TRAJECTORY | Cue.JSON_CONTAINER, Use.TRAJECTORIES),
        (Cue.TRACE_CLEANING, Use.TRACES),
        (Cue.PRETEXT | Cue.UNREFUSING, Use.UNSAFE),
        (Cue.JSON_CONTAINER | Cue.SECTION_CONTAINER | Cue.QUALITY | Cue.EXHAUSTIVE, Use.REASONING),
    ],
)
def test_a_use_is_named_after_its_weightiest_cues(cues: Cue, use: Use) -> None:
    score, named = one(cues)
    assert score >= HARVEST_CENTIBITS
    assert named is use


@pytest.mark.parametrize(
    "cues", [Cue.REASONING, Cue.REASONING | Cue.OPTIONS, Cue.TAG_CONTAINER | Cue.CLASSIFICATION, Cue.GRADING, Cue.CODE]
)
def test_ordinary_prompts_have_no_use(cues: Cue) -> None:
    assert one(cues)[1] is Use.NONE


def test_cues_of_ordinary_use_speak_against() -> None:
    harvest = Cue.EXTERNALISED | Cue.REASONING
    for against in (Cue.CLASSIFICATION, Cue.CONTEXT, Cue.OPTIONS, Cue.FEW_SHOT, Cue.PERSONAL, Cue.AGENT):
        assert one(harvest | against)[0] < one(harvest)[0]


def test_the_score_of_every_combination_is_the_sum_of_its_cues() -> None:
    combinations = np.random.default_rng(1).integers(0, 2 ** len(Cue), 300)
    table = score_cues(combinations)
    for cues, score, use in zip(combinations, table.score, table.use, strict=True):
        weights = [WEIGHT_CENTIBITS.get(cue, 0) for cue in Cue if int(cue) & int(cues)]
        assert score == PRIOR_CENTIBITS + sum(weights)
        assert (use == Use.NONE) == (score < HARVEST_CENTIBITS)


def test_the_table_is_what_calls_are_joined_with() -> None:
    table = score_cues(np.array([0, 3])).to_arrow()
    assert table.column_names == ["cues", "score", "use"]
    assert table["cues"].to_pylist() == [0, 3]


def test_names_the_bits_in_their_order() -> None:
    assert cue_names(int(Cue.TAG_CONTAINER | Cue.REASONING)) == ["reasoning", "tag container"]
    assert cue_names(0) == []
