from dataclasses import replace

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, ONE, OTHER, WORK_SCORE, cell_of, drafts_of, homes, strands_of

from stillwatch.detect.belonging import absorb, belongings, dismiss, settle
from stillwatch.detect.strands import TEMPLATE, USE


def test_an_account_goes_where_most_of_its_evidence_is() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): ([*OTHER, 1], HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0, bits=1.0)]), (OTHER, [cell_of(strands, 1, bits=3.0)]))
    settle(drafts)
    assert homes(drafts) == [ONE[1:], [1, *OTHER]]


def test_a_wording_outweighs_a_use() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (USE, 1): ([*OTHER, 1], HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0)]), (OTHER, [cell_of(strands, 1)]))
    settle(drafts)
    assert homes(drafts) == [ONE, OTHER]


def test_a_draft_of_four_is_given_up_and_its_accounts_go_elsewhere() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE[:4], HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0)]), ([], [cell_of(strands, 1, bits=5.0)]))
    settle(drafts)
    assert homes(drafts) == [ONE, []]


@pytest.mark.parametrize(
    ("senders", "score", "own"),
    [
        (ONE, NEUTRAL_SCORE, [(TEMPLATE, 2)]),
        ([*ONE, 99], NEUTRAL_SCORE, [(TEMPLATE, 2)]),
        ([*ONE, *OTHER], NEUTRAL_SCORE, []),
        (ONE, WORK_SCORE, []),
        (ONE[:2], NEUTRAL_SCORE, []),
    ],
)
def test_wording_that_hardly_anybody_else_sends_is_the_draft_s(
    senders: list[int], score: int, own: list[tuple[int, int]]
) -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (senders, score)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0)]))
    absorb(drafts)
    assert drafts.drafts[0].own == own


@pytest.mark.parametrize("likely", [True, False])
def test_who_sends_the_draft_s_own_wording_and_is_likely_one_of_it_joins(*, likely: bool) -> None:
    strands = strands_of({(TEMPLATE, 1): ([*ONE, 99], HARVEST_SCORE)})
    rest = np.flatnonzero(strands.account == 99)
    cell = cell_of(strands, 0, accepted=ONE)
    cell = replace(cell, likely=rest, likely_bits=np.array([1.0])) if likely else cell
    drafts = drafts_of(strands, (ONE, [cell]))
    absorb(drafts)
    assert homes(drafts) == [[*ONE, 99] if likely else ONE]
    accounts, weights, _ = belongings(drafts, 0)
    assert dict(zip(accounts.tolist(), weights.tolist(), strict=True)).get(99) == (1.0 if likely else None)


@pytest.mark.parametrize(("wordings", "joins"), [(2, False), (3, True)])
def test_who_sends_three_wordings_of_the_draft_s_own_is_one_of_it(wordings: int, *, joins: bool) -> None:
    strands = strands_of({(TEMPLATE, n): ([*ONE, 99] if n < wordings else ONE, HARVEST_SCORE) for n in range(4)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, n, accepted=ONE) for n in range(4)]))
    absorb(drafts)
    assert homes(drafts) == [[*ONE, 99] if joins else ONE]


def test_it_is_asked_who_sends_them_until_nobody_else_comes_in() -> None:
    """Three wordings have one stranger; the next three have him and another, and are the draft's own once he is in."""
    come = list(range(90, 95))
    sent = {(TEMPLATE, 3 * n + i): [*ONE, *come[max(0, n - 1) : n + 1]] for n in range(len(come)) for i in range(3)}
    strands = strands_of({content: (senders, HARVEST_SCORE) for content, senders in sent.items()})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0, accepted=ONE)]))
    absorb(drafts)
    assert homes(drafts) == [[*ONE, *come]]


@pytest.mark.parametrize(("own", "stays"), [(0.0, ONE[2:]), (3.0, ONE)])
def test_declared_owners_leave_unless_addresses_or_papers_hold_them(own: float, stays: list[int]) -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0, own=own)]), owners={1: 500, 2: 500})
    dismiss(drafts)
    assert homes(drafts) == [stays]


def test_cells_are_told_without_the_accounts_of_others() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE + OTHER, HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, [cell_of(strands, 0)]), (OTHER, []))
    _, _, (cell,) = belongings(drafts, 0)
    assert strands.account[cell.strands].tolist() == ONE
