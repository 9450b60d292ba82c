from __future__ import annotations

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, ONE, OTHER, all_cells, drafts_of, homes, strands_of

from stillwatch.detect.drafts import Drafts
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.papers import unite_by_papers
from stillwatch.detect.signal import Frame, Signal
from stillwatch.detect.strands import TEMPLATE
from stillwatch.records import Family

STRANGERS = list(range(501, 511))
"""Accounts without any strand."""
THREE_CARDS = {a: 1 + a % 3 for a in ONE + OTHER}
"""Each card for accounts of both drafts."""


def unused(calls: Frame) -> Frame:
    return calls


def two_drafts() -> Drafts:
    """Return two drafts, each of ten accounts that send a wording of their own."""
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER, HARVEST_SCORE)})
    first, second = all_cells(strands)
    return drafts_of(strands, (ONE, [first]), (OTHER, [second]))


def papers(drafts: Drafts, held: dict[int, int], *, family: Family = Family.IDENTITY) -> Observed:
    """Return a signal that saw which accounts, of drafts and others, hold which value."""
    of_strand = [(s, held[int(a)]) for s, a in enumerate(drafts.strands.account) if int(a) in held]
    return Observed(Signal("payment", family, unused, max_bits=12.0), edges(of_strand), edges(sorted(held.items())))


def edges(pairs: list[tuple[int, int]]) -> Edges:
    unit, value = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    return Edges(unit, value, np.ones(len(pairs), np.int64))


def united(held: dict[int, int], *, family: Family = Family.IDENTITY) -> bool:
    drafts = two_drafts()
    unite_by_papers(drafts, [papers(drafts, held, family=family)])
    return len([accounts for accounts in homes(drafts) if accounts]) == 1


def test_drafts_bought_with_the_same_cards_are_one() -> None:
    drafts = two_drafts()
    unite_by_papers(drafts, [papers(drafts, THREE_CARDS)])
    assert homes(drafts) == [ONE + OTHER, []]
    assert [len(d.cells) for d in drafts.drafts] == [2, 0]
    assert drafts.sizes == [20, 0]


def test_cards_of_one_draft_only_unite_nothing() -> None:
    assert not united({a: (1 if a in ONE else 101) + a % 3 for a in ONE + OTHER})


def test_a_card_or_two_in_common_unite_nothing() -> None:
    assert not united({a: 1 + a % 2 for a in ONE + OTHER})


def test_cards_that_strangers_hold_too_unite_nothing() -> None:
    assert not united(THREE_CARDS | {a: 1 + a % 3 for a in STRANGERS})


def test_a_few_accounts_with_common_cards_do_not_chain_whole_drafts() -> None:
    """Three of ten hold the other's cards, and the rest their own."""
    assert not united({a: a % 10 if a % 10 in {1, 2, 3} else 100 + a for a in ONE + OTHER})


def test_both_drafts_must_hold_what_is_common() -> None:
    """All of one hold cards that three accounts of the other hold."""
    assert not united({a: 1 + a % 3 for a in ONE} | {a: a % 10 if a % 10 in {1, 2, 3} else 100 + a for a in OTHER})


@pytest.mark.parametrize("family", [Family.NETWORK, Family.TIMING])
def test_addresses_and_days_unite_nothing_for_pools_are_rented_twice(family: Family) -> None:
    assert not united(THREE_CARDS, family=family)
