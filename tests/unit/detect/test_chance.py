import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, ONE, OTHER, all_cells, cell_of, everybody, strands_of

from stillwatch.detect.cells import Cell
from stillwatch.detect.chance import MIN_CONTENT_BITS, drop_chance, excess_bits
from stillwatch.detect.drafts import part_of
from stillwatch.detect.group import Group
from stillwatch.detect.strands import TEMPLATE, USE, Strands

STRANGERS = list(range(100, 180))
Wordings = dict[tuple[int, int], tuple[list[int], int]]
CARRIED = {(TEMPLATE, n): (ONE + STRANGERS[n : n + 10], NEUTRAL_SCORE) for n in range(10, 30)}
"""Wordings of people: half of the senders of each are strangers, the others carry people, too."""


def group_of(cells: list[Cell], accounts: list[int] = ONE, **others: list[tuple[int, int]]) -> Group:
    return Group(np.array(accounts), np.ones(len(accounts)), cells, **others)


def drop(group: Group, strands: Strands) -> list[Group]:
    return drop_chance([group], strands, everybody(strands))


def test_what_a_mixed_pool_s_customers_send_is_not_the_campaign_s() -> None:
    chance = (ONE[:6], NEUTRAL_SCORE)
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): chance, **CARRIED})
    (group,) = drop(group_of(all_cells(strands)[:2]), strands)
    assert group.contents == [(TEMPLATE, 1)]
    (group,) = drop(group_of(all_cells(strands)[:1], own=[(TEMPLATE, 2)]), strands)
    assert group.contents == [(TEMPLATE, 1)]


EVEN, UNEVEN = (2, 2), (4, 0)
MOSTLY_ONE = ONE + STRANGERS[:2]


def sent_by(mine: list[int], shares: tuple[int, int], first: int, score: int = NEUTRAL_SCORE) -> Wordings:
    """Return twenty wordings of ten senders, of whom so many are ``mine`` in every second one and in the others."""
    counts = {n: shares[n % 2] for n in range(first, first + 20)}
    return {(TEMPLATE, n): (mine[:k] + STRANGERS[n % 20 : n % 20 + 10 - k], score) for n, k in counts.items()}


@pytest.mark.parametrize(
    ("shares", "senders", "score", "kept"),
    [
        (EVEN, MOSTLY_ONE, NEUTRAL_SCORE, True),
        (UNEVEN, MOSTLY_ONE, NEUTRAL_SCORE, False),
        (UNEVEN, MOSTLY_ONE, 50, True),
        (UNEVEN, ONE, NEUTRAL_SCORE, True),
    ],
)
def test_where_customers_have_habits_in_common_a_plain_wording_that_others_send_must_surprise_more(
    shares: tuple[int, int], senders: list[int], score: int, *, kept: bool
) -> None:
    own = {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (senders, score)}
    strands = strands_of({**own, **sent_by(ONE, shares, 10)})
    cells = [cell_of(strands, 0), cell_of(strands, 1, accepted=ONE)]
    (group,) = drop(group_of(cells), strands)
    assert ((TEMPLATE, 2) in group.contents) == kept


def test_wordings_that_ask_for_a_harvest_do_not_say_what_customers_have_in_common() -> None:
    asking = sent_by(ONE, (7, 0), 30, HARVEST_SCORE)
    own = {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (MOSTLY_ONE, NEUTRAL_SCORE)}
    strands = strands_of({**own, **sent_by(ONE, EVEN, 10), **asking})
    (group,) = drop(group_of([cell_of(strands, n, accepted=ONE) for n in range(2)]), strands)
    assert group.contents == [*own]


def test_what_one_group_s_customers_have_in_common_is_not_another_s() -> None:
    people = {n: ONE[:2] + OTHER[: 8 * (n % 2)] + STRANGERS[n : n + 8 - 8 * (n % 2)] for n in range(10, 30)}
    own = {(TEMPLATE, 1): (MOSTLY_ONE, NEUTRAL_SCORE), (TEMPLATE, 2): (OTHER, HARVEST_SCORE)}
    strands = strands_of({**own, **{(TEMPLATE, n): (held, NEUTRAL_SCORE) for n, held in people.items()}})
    groups = [group_of([cell_of(strands, n, accepted=held)], held) for n, held in enumerate((ONE, OTHER))]
    assert [g.contents for g in drop_chance(groups, strands, everybody(strands))] == [[content] for content in own]


def test_a_pool_that_carries_nobody_keeps_all_its_wordings() -> None:
    strangers = {content: (STRANGERS[:10], score) for content, (_, score) in CARRIED.items()}
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE[:5], NEUTRAL_SCORE), **strangers})
    (group,) = drop(group_of(all_cells(strands)[:2]), strands)
    assert group.contents == [(TEMPLATE, 1), (TEMPLATE, 2)]


def test_who_sent_only_what_was_taken_out_leaves() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER[:2], NEUTRAL_SCORE), **CARRIED})
    cells = all_cells(strands)[:2]
    (group,) = drop(group_of(cells, ONE + OTHER[:2]), strands)
    assert group.accounts.tolist() == ONE


def test_a_group_that_was_all_chance_is_none() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE[:6], NEUTRAL_SCORE), **CARRIED})
    assert drop(group_of(all_cells(strands)[:1]), strands) == []


@pytest.mark.parametrize(("others", "kept"), [([], True), (STRANGERS, False)])
def test_a_use_that_everybody_shows_is_no_campaign_s(others: list[int], *, kept: bool) -> None:
    strands = strands_of({(TEMPLATE, 2): (OTHER, HARVEST_SCORE), (USE, 1): (ONE + others, HARVEST_SCORE)})
    given = cell_of(strands, 1)
    group = group_of([part_of(given, np.isin(strands.account[given.strands], ONE))])
    assert (drop(group, strands) == [group]) == kept


def test_excess_is_a_bound_on_the_binomial_tail() -> None:
    draw = np.random.default_rng(3).binomial(20, 0.3, 200_000)
    for members in (8, 12, 16):
        bits = excess_bits(np.array([members]), np.array([20.0]), 0.3)[0]
        assert (draw >= members).mean() <= 2.0**-bits
    assert excess_bits(np.array([20.0]), np.array([20.0]), 0.5)[0] == pytest.approx(20.0)
    assert excess_bits(np.array([6.0]), np.array([20.0]), 0.3)[0] == 0.0
    assert excess_bits(np.array([11.0]), np.array([11.0]), 0.5)[0] > MIN_CONTENT_BITS
