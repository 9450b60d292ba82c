from dataclasses import replace

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, ONE, OTHER, all_cells, cell_of, drafts_of, homes, strands_of

from stillwatch.detect.belonging import settle
from stillwatch.detect.kinship import split, unite
from stillwatch.detect.strands import TEMPLATE, USE

BOTH = ONE + OTHER


def test_drafts_that_send_the_same_wording_are_one() -> None:
    strands = strands_of({(TEMPLATE, n): (BOTH, HARVEST_SCORE) for n in range(3)})
    drafts = drafts_of(strands, (ONE, []), (OTHER, []))
    unite(drafts, all_cells(strands))
    assert homes(drafts) == [BOTH, []]


def test_one_wording_of_many_in_common_is_not_enough() -> None:
    held = {(TEMPLATE, n): (ONE if n < 4 else OTHER, HARVEST_SCORE) for n in range(8)}
    strands = strands_of(held | {(TEMPLATE, 9): (BOTH, HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, []), (OTHER, []))
    unite(drafts, all_cells(strands))
    assert homes(drafts) == [ONE, OTHER]


def test_questions_of_one_public_set_unite_nobody_who_asks_each_now_and_then() -> None:
    held = {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER, HARVEST_SCORE)}
    strands = strands_of(held | {(TEMPLATE, n): (BOTH, HARVEST_SCORE) for n in range(3, 9)})
    always = replace(strands, calls=np.where(strands.cell < 2, 100, 2))
    for sent, expected in ((strands, [BOTH, []]), (always, [ONE, OTHER])):
        drafts = drafts_of(sent, (ONE, []), (OTHER, []))
        unite(drafts, all_cells(sent))
        assert homes(drafts) == expected


def test_a_wording_that_everybody_sends_unites_nobody() -> None:
    strands = strands_of({(TEMPLATE, 1): (BOTH + list(range(100, 200)), HARVEST_SCORE)})
    drafts = drafts_of(strands, (ONE, []), (OTHER, []))
    unite(drafts, all_cells(strands))
    assert homes(drafts) == [ONE, OTHER]


def test_a_short_wording_unites_nobody() -> None:
    strands = strands_of({(TEMPLATE, 1): (BOTH, HARVEST_SCORE)}, words=8)
    drafts = drafts_of(strands, (ONE, []), (OTHER, []))
    unite(drafts, all_cells(strands))
    assert homes(drafts) == [ONE, OTHER]


@pytest.mark.parametrize(
    ("own", "holders", "parts"),
    [
        pytest.param(0.0, [BOTH], [ONE, OTHER], id="held by nothing"),
        pytest.param(8.0, [BOTH], [BOTH], id="held by one address"),
        pytest.param(8.0, [[a, b] for a, b in zip(ONE, OTHER, strict=True)], [BOTH], id="held by cards in common"),
        pytest.param(8.0, [ONE, OTHER], [ONE, OTHER], id="a ring's proxies, a class's campus"),
        pytest.param(8.0, [ONE, [*OTHER, ONE[0]]], [ONE, OTHER], id="one who was at both"),
    ],
)
def test_two_wordings_under_one_use_are_two_campaigns_unless_addresses_or_papers_hold_both_together(
    own: float, holders: list[list[int]], parts: list[list[int]]
) -> None:
    strands = strands_of(
        {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER, HARVEST_SCORE), (USE, 1): (BOTH, HARVEST_SCORE)}
    )
    drafts = drafts_of(strands, (BOTH, [cell_of(strands, n, own=own) for n in range(3)]))
    split(drafts, lambda: [np.searchsorted(drafts.known, h) for h in holders])
    settle(drafts)
    assert sorted(homes(drafts)) == parts


def test_wordings_with_common_senders_stay_together() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE[5:] + OTHER, HARVEST_SCORE)})
    drafts = drafts_of(strands, (BOTH, [cell_of(strands, n, own=0.0) for n in range(2)]))
    split(drafts, list)
    assert homes(drafts) == [BOTH]
