import numpy as np
import pytest

from stillwatch.detect.uses import score_cues
from stillwatch.detect.wording import wording_bits
from stillwatch.records import Cue

ASKS = int(Cue.EXTERNALISED | Cue.TAG_CONTAINER)


def bits(*rows: tuple[int, int]) -> float:
    """Return the wording of one cell from (cues, calls)."""
    cues, calls = (np.array(column) for column in zip(*rows, strict=True))
    return float(wording_bits(np.zeros(len(rows), np.int64), cues, calls, cells=1)[0])


@pytest.mark.parametrize("cues", [0, ASKS, int(Cue.CONTEXT), ASKS | int(Cue.CONTEXT | Cue.AGENT)])
def test_what_all_calls_say_is_scored_as_a_call_is(cues: int) -> None:
    assert bits((cues, 10)) == pytest.approx(score_cues(np.array([cues])).score[0] / 100)


def test_what_items_say_against_a_harvest_does_not_count() -> None:
    assert bits((ASKS, 5), (ASKS | int(Cue.CONTEXT | Cue.OPTIONS), 5)) == pytest.approx(bits((ASKS, 10)))


def test_what_asks_for_it_counts_by_its_share_of_the_calls() -> None:
    assert bits((ASKS, 5), (0, 5)) == pytest.approx((bits((ASKS, 1)) + bits((0, 1))) / 2)


def test_cells_do_not_mix_and_a_cell_without_calls_is_neutral() -> None:
    made = wording_bits(np.array([0, 2]), np.array([ASKS, 0]), np.array([3, 3]), cells=3)
    assert made.tolist() == pytest.approx([bits((ASKS, 1)), bits((0, 1)), bits((0, 1))])
