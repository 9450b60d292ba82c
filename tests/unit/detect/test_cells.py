from typing import Any

import narwhals as nw
import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, everybody, strands_of

from stillwatch.detect.cells import weigh_cells
from stillwatch.detect.codes import Background
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.signal import Signal
from stillwatch.detect.strands import USE
from stillwatch.records import Family

ASKERS = list(range(1, 21))
PEOPLE = Background(np.arange(1_000) + 10**9, np.ones(1_000, bool))


def unused(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return calls


def starts(unit: np.ndarray) -> Edges:
    """Return edges of accounts that all began on one day."""
    return Edges(unit, np.full(len(unit), 7), np.ones(len(unit), np.int64))


@pytest.mark.parametrize(("partial", "seeds"), [(False, 1), (True, 0)])
def test_a_seed_s_value_is_rare_among_the_accounts_that_its_signal_sees(*, partial: bool, seeds: int) -> None:
    """All who were seen began on that day: that nine hundred were not seen does not make it rare."""
    strands = strands_of({(USE, 1): (ASKERS, HARVEST_SCORE)})
    start = Signal("start", Family.TIMING, unused, seeds=True, partial=partial)
    observed = Observed(start, starts(np.arange(len(ASKERS))), starts(PEOPLE.account[:100]))
    weighed = weigh_cells(strands, [observed], everybody(strands), PEOPLE)
    assert len(weighed.membership.probability) == seeds * len(ASKERS)


def test_a_value_that_few_of_those_seen_hold_seeds() -> None:
    strands = strands_of({(USE, 1): (ASKERS, HARVEST_SCORE)})
    start = Signal("start", Family.TIMING, unused, seeds=True, partial=True)
    others = Edges(PEOPLE.account[:100], np.arange(100), np.ones(100, np.int64))
    observed = Observed(start, starts(np.arange(len(ASKERS))), others)
    weighed = weigh_cells(strands, [observed], everybody(strands), PEOPLE)
    assert len(weighed.membership.probability) == len(ASKERS)
