"""Wordings that accounts take turns with: planted sets among people, in strands made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, WORK_SCORE, all_cells, drafts_of, strands_of

from stillwatch.detect.cells import weigh_cells
from stillwatch.detect.codes import Background
from stillwatch.detect.group import MANY_WORDINGS, Group, Sent, take_turns
from stillwatch.detect.merging import join_all
from stillwatch.detect.strands import TEMPLATE, USE, Ints, Population, Strands
from stillwatch.detect.turns import MAX_SENDERS, find_turns

RING, OTHERS = list(range(1, 41)), list(range(101, 141))
PEOPLE = list(range(10_000, 12_000))
Cells = dict[tuple[int, int], tuple[list[int], int]]


def among_people(strands: Strands, owners: dict[int, int] | None = None) -> Population:
    """Return the accounts of these strands and 2,000 that have none."""
    keys = np.unique(np.concatenate([strands.account, PEOPLE]))
    zeros = np.zeros(len(keys), np.int64)
    entity = np.array([(owners or {}).get(int(k), int(k)) for k in keys])
    return Population(keys, zeros + 100, zeros, zeros, zeros, zeros, zeros, entity)


def turns_of(
    accounts: list[int], wordings: int, *, first: int = 0, score: int = HARVEST_SCORE, each: int = 4, seed: int = 1
) -> Cells:
    """Return so many wordings, of which each of these accounts sends ``each``, drawn anew for each account."""
    draw = np.random.default_rng(seed)
    sent = {a: draw.choice(wordings, min(each, wordings), replace=False) for a in accounts}
    return {(TEMPLATE, first + w): ([a for a in accounts if w in sent[a]], score) for w in range(wordings)}


def found_in(cells: Cells, owners: dict[int, int] | None = None) -> tuple[Strands, Ints]:
    strands = strands_of(cells)
    return strands, find_turns(strands, among_people(strands, owners))


def test_accounts_that_take_turns_with_many_wordings_are_one_set() -> None:
    _, turns = found_in(turns_of(RING, 10))
    assert len(np.unique(turns)) == 1
    assert turns.min() >= 0


def test_a_set_of_more_accounts_than_are_looked_at_is_found() -> None:
    _, turns = found_in(turns_of(list(range(1, 4 * MAX_SENDERS)), 10))
    assert turns.min() >= 0


@pytest.mark.parametrize(
    "cells",
    [
        turns_of(RING, MANY_WORDINGS - 1),
        turns_of(RING, 10, each=1),
        turns_of(RING, 10, score=NEUTRAL_SCORE),
        turns_of(RING, 10, score=WORK_SCORE),
    ],
    ids=["few wordings", "one apiece", "asks for nothing", "classifies"],
)
def test_no_set_is_found_where_nobody_takes_turns_with_a_request(cells: Cells) -> None:
    assert (found_in(cells)[1] == -1).all()


def test_accounts_of_a_few_owners_are_no_set() -> None:
    owners = {a: 1_000_000 + a % 4 for a in RING}
    assert (found_in(turns_of(RING, 10), owners)[1] == -1).all()
    assert (found_in(turns_of(RING, 10), {a: 1_000_000 + a % 5 for a in RING})[1] >= 0).all()


def test_a_set_grows_to_wordings_that_say_nothing_and_not_to_work() -> None:
    cells = turns_of(RING, 12, each=6)
    for number in range(4, 12):
        cells[TEMPLATE, number] = (cells[TEMPLATE, number][0], NEUTRAL_SCORE if number < 10 else WORK_SCORE)
    strands, turns = found_in(cells)
    assert (turns[strands.cell < 10] >= 0).mean() > 0.9
    assert (turns[strands.cell >= 10] == -1).all()


def test_what_others_mostly_send_is_not_of_the_set() -> None:
    cells = turns_of(RING, 10)
    cells[TEMPLATE, 10] = (RING[:20] + PEOPLE[:20], HARVEST_SCORE)
    strands, turns = found_in(cells)
    assert (turns[strands.cell == 10] == -1).all()
    assert (turns[strands.cell < 10] >= 0).all()


def test_accounts_that_carry_a_wording_of_each_set_do_not_chain_them() -> None:
    """Half of the ring also carries one wording of a smaller set, whose accounts then seem to take turns with both."""
    one, other = turns_of(RING, 20, each=12), turns_of(OTHERS, 6, first=20, each=2, seed=2)
    for number in range(20, 26):
        held, score = other[TEMPLATE, number]
        other[TEMPLATE, number] = ([*RING[number % 2 :: 12], *held], score)
    strands, turns = found_in(one | other)
    ring, carried = np.isin(strands.account, RING) & (strands.cell < 20), strands.cell >= 20
    assert (turns[ring] >= 0).all()
    assert set(turns[ring]).isdisjoint(turns[carried])


def test_wordings_with_a_few_senders_in_common_by_chance_are_no_set() -> None:
    """Each of many people sends a few of many wordings: two have a common sender or two."""
    draw = np.random.default_rng(3)
    sent = {a: draw.choice(60, 3, replace=False) for a in range(1, 401)}
    cells = {(TEMPLATE, w): ([a for a in sent if w in sent[a]], HARVEST_SCORE) for w in range(60)}
    population = Population(np.arange(1, 401), *[np.full(400, 100) for _ in range(6)], np.arange(1, 401))
    assert (find_turns(strands_of(cells), population) == -1).all()


def test_two_sets_that_send_one_thing_both_are_two() -> None:
    common = {(TEMPLATE, 30): (RING + OTHERS, HARVEST_SCORE)}
    strands, turns = found_in(turns_of(RING, 8, each=6) | turns_of(OTHERS, 8, first=8, each=6, seed=2) | common)
    ring, others = np.unique(turns[strands.cell < 8]), np.unique(turns[(strands.cell >= 8) & (strands.cell < 16)])
    assert len(ring) == len(others) == 1
    assert ring[0] != others[0]
    assert min(ring[0], others[0]) >= 0


def test_the_order_of_accounts_and_seeds_changes_nothing() -> None:
    strands, turns = found_in(turns_of(RING, 10) | turns_of(OTHERS, 8, first=10))
    again = find_turns(strands, among_people(strands))
    assert (turns == again).all()
    assert len(np.unique(turns)) == 2


def test_who_takes_turns_is_a_member_though_nothing_else_links_it() -> None:
    cells = turns_of(RING, 6) | {(USE, 1): (RING, HARVEST_SCORE)}
    strands = strands_of(cells)
    population = among_people(strands)
    background = Background(np.array(PEOPLE), np.ones(len(PEOPLE), bool))
    alone = weigh_cells(strands, [], population, background)
    taking = weigh_cells(strands, [], population, background, turns=find_turns(strands, population))
    assert not alone.cells
    assert {(c.kind, c.value) for c in taking.cells} == {content for content in cells if content[0] != USE}
    assert all(len(c.strands) == c.holders for c in taking.cells)


def test_wordings_of_one_set_are_one_draft_however_few_their_common_senders() -> None:
    halves = {(TEMPLATE, w): (RING[5 * w : 5 * w + 6], HARVEST_SCORE) for w in range(6)}
    strands = strands_of(halves)
    apart = [drafts_of(strands), drafts_of(strands)]
    join_all(apart[0], all_cells(strands))
    cells = all_cells(strands)
    for cell in cells:
        object.__setattr__(cell, "turns", 0)
    join_all(apart[1], cells)
    assert [sum(bool(d.cells) for d in drafts.drafts) for drafts in apart] == [6, 1]


@pytest.mark.parametrize(("turns", "sent", "takes"), [(2.0, 20, True), (1.0, 20, False), (2.0, 30, False)])
def test_a_group_takes_turns_where_its_accounts_send_several_of_its_wordings(
    turns: float, sent: int, *, takes: bool
) -> None:
    group = Group(np.arange(40), np.zeros(40), sent=Sent(commonest=(10, sent), turns=turns))
    assert take_turns(group, calls=100) is takes
