import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, ONE, OTHER, cell_of, strands_of

from stillwatch.detect.cells import Cell
from stillwatch.detect.group import Group, Sent
from stillwatch.detect.senders import see_senders, without_outsiders
from stillwatch.detect.strands import TEMPLATE, USE

CROWD = list(range(100, 140))


def group(accounts: list[int], cells: list[Cell]) -> Group:
    return Group(np.array(accounts), np.ones(len(accounts)), cells)


@pytest.mark.parametrize(("strangers", "share", "wordings"), [(0, 1.0, 1), (10, 0.5, 0), (40, 0.2, 0)])
def test_says_how_far_a_wording_is_the_group_s_own(strangers: int, share: float, wordings: int) -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE + CROWD[:strangers], HARVEST_SCORE)})
    sent = see_senders(group(ONE, [cell_of(strands, 0, accepted=ONE)]), strands)
    assert (sent.own_share, sent.wordings) == (pytest.approx(share), wordings)
    assert (sent.words, sent.covered, sent.wording) == (16.0, 1.0, 5.0)
    assert sent.commonest == (len(ONE), int(strands.calls[: len(ONE)].sum()))


def test_a_template_that_members_harvest_with_counts_though_it_is_none_of_the_group_s() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE + CROWD, HARVEST_SCORE), (USE, 1): (ONE, HARVEST_SCORE)})
    sent = see_senders(group(ONE, [cell_of(strands, 1)]), strands)
    assert sent.own_share == pytest.approx(0.2)


def test_without_templates_there_is_nothing_to_say() -> None:
    strands = strands_of({(USE, 1): (ONE, HARVEST_SCORE)})
    assert see_senders(group(ONE, [cell_of(strands, 0)]), strands) == Sent(calls=100.0)


@pytest.mark.parametrize(("own", "stays"), [(0.0, ONE), (3.0, ONE + OTHER)])
def test_lets_go_who_came_by_a_public_wording_unless_addresses_or_papers_hold_it(own: float, stays: list[int]) -> None:
    strands = strands_of(
        {
            (TEMPLATE, 1): (ONE, HARVEST_SCORE),
            (TEMPLATE, 2): (OTHER + CROWD, HARVEST_SCORE),
            (TEMPLATE, 3): (ONE, HARVEST_SCORE),
            (USE, 1): (ONE + OTHER, HARVEST_SCORE),
        }
    )
    made = group(ONE + OTHER, [cell_of(strands, n, own=own) for n in (0, 2, 3)])
    left = without_outsiders(made, strands)
    assert left.accounts.tolist() == stays
    assert set(strands.account[np.concatenate([c.strands for c in left.cells])].tolist()) == set(stays)


def test_an_address_holds_nobody_who_shares_it_with_its_like_alone() -> None:
    """The six of one office who use the same public tool are no part of whoever asks for the same thing."""
    office = OTHER[:6]
    strands = strands_of(
        {
            (TEMPLATE, 1): (ONE, HARVEST_SCORE),
            (TEMPLATE, 2): (office + CROWD, HARVEST_SCORE),
            (USE, 1): (ONE + office, HARVEST_SCORE),
        }
    )
    cells = [cell_of(strands, 0), cell_of(strands, 2, accepted=office, own=3.0), cell_of(strands, 2, own=0.0)]
    assert without_outsiders(group(ONE + office, cells), strands).accounts.tolist() == ONE


def test_lets_nobody_go_where_all_send_a_public_wording() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE + CROWD, HARVEST_SCORE), (TEMPLATE, 2): (ONE, NEUTRAL_SCORE)})
    made = group(ONE, [cell_of(strands, 0, accepted=ONE, own=0.0)])
    assert without_outsiders(made, strands) is made


def test_lets_go_who_sends_nothing_of_what_nearly_all_send() -> None:
    both = [*ONE, 99]
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (USE, 1): (both, HARVEST_SCORE)})
    made = group(both, [cell_of(strands, n, own=0.0) for n in range(2)])
    assert without_outsiders(made, strands).accounts.tolist() == ONE
