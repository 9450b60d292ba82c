import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, ONE, OTHER, WORK_SCORE, cell_of, drafts_of, strands_of

from stillwatch.detect.drafts import part_of, templates
from stillwatch.detect.strands import TEMPLATE, USE

TWO = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER, NEUTRAL_SCORE)})


def numbers(drafts: object, accounts: list[int]) -> np.ndarray:
    return np.flatnonzero(np.isin(drafts.known, accounts))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("inside", "nearest"), [(4, 0), (3, -1), (0, -1)])
def test_nearest_is_the_draft_with_enough_common_members(inside: int, nearest: int) -> None:
    drafts = drafts_of(TWO, (ONE, []))
    assert drafts.nearest(numbers(drafts, ONE[:inside] + OTHER[: 10 - inside])) == nearest


def test_no_drafts_are_near_to_nobody() -> None:
    drafts = drafts_of(TWO)
    assert drafts.nearest(numbers(drafts, ONE)) == -1


def test_sizes_follow_who_comes_in_and_who_moves() -> None:
    drafts = drafts_of(TWO, (ONE, []))
    drafts.admit(numbers(drafts, OTHER[:4]), drafts.found(5.0))
    assert drafts.sizes == [10, 4]
    drafts.home[drafts.home == 1] = 0
    drafts.recount()
    assert drafts.sizes == [14, 0]
    assert drafts.nearest(numbers(drafts, OTHER[:4])) == 0


@pytest.mark.parametrize(
    ("score", "follow_ups", "neutral"),
    [(HARVEST_SCORE, 0, True), (NEUTRAL_SCORE, 0, True), (WORK_SCORE, 0, False), (NEUTRAL_SCORE, 1, False)],
)
def test_neutral_is_what_says_nothing_against_it(score: int, follow_ups: int, *, neutral: bool) -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, score)}, follow_ups=follow_ups)
    assert drafts_of(strands).is_neutral(0) is neutral


def test_templates_are_contents_of_enough_words() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (USE, 2): (ONE, HARVEST_SCORE)}, words=16)
    cells = [cell_of(strands, 0), cell_of(strands, 1), cell_of(strands, 0)]
    assert templates(cells, least_words=16) == [(TEMPLATE, 1)]
    assert templates(cells, least_words=17) == []


def test_part_of_keeps_what_belongs_to_the_strands() -> None:
    whole = cell_of(TWO, 0)
    part = part_of(whole, np.arange(10) < 3)
    assert part.strands.tolist() == whole.strands[:3].tolist()
    assert (len(part.weight), len(part.bits), len(part.own_bits), len(part.probability)) == (3, 3, 3, 3)
    assert part.holders == whole.holders
