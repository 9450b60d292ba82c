from __future__ import annotations

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, ONE, OTHER, strands_of

from stillwatch.detect.group import Group
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.signal import Frame, Signal
from stillwatch.detect.strands import TEMPLATE
from stillwatch.detect.ties import tied_shares
from stillwatch.records import Family

BOTH = ONE + OTHER
OWN_CARDS = {a: 1 if a in ONE else 2 for a in BOTH}
STRANGERS = list(range(501, 521))


def unused(calls: Frame) -> Frame:
    return calls


def seen(held: dict[int, int], *, family: Family = Family.IDENTITY, of_tool: bool = False) -> Observed:
    """Return a signal that saw which accounts of BOTH, and which strangers, hold which value."""
    strands = [(n, held[a]) for n, a in enumerate(BOTH) if a in held]
    signal = Signal("made", family, unused, max_bits=12.0, of_tool=of_tool)
    return Observed(signal, edges(strands), edges(sorted(held.items())))


def edges(pairs: list[tuple[int, int]]) -> Edges:
    unit, value = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    return Edges(unit, value, np.ones(len(pairs), np.int64))


def tied(*observed: Observed) -> float:
    strands = strands_of({(TEMPLATE, 1): (BOTH, HARVEST_SCORE)})
    (share,) = tied_shares([Group(np.array(BOTH), np.ones(len(BOTH)))], strands, observed)
    return share


def test_companies_with_papers_of_their_own_are_not_tied() -> None:
    assert tied(seen(OWN_CARDS)) == 0.5


@pytest.mark.parametrize("family", [Family.IDENTITY, Family.NETWORK])
def test_one_value_across_ties_them_all(family: Family) -> None:
    across = {ONE[-1]: 7, OTHER[0]: 7}
    assert tied(seen(OWN_CARDS), seen(across, family=family)) == 1.0


def test_a_chain_of_cards_and_addresses_ties_all() -> None:
    cards = {a: 1 + n // 2 for n, a in enumerate(BOTH)}
    addresses = {a: 1 + (n + 1) // 2 for n, a in enumerate(BOTH)}
    assert tied(seen(cards), seen(addresses, family=Family.NETWORK)) == 1.0


@pytest.mark.parametrize(
    "common",
    [
        pytest.param(seen(dict.fromkeys(BOTH, 7), family=Family.NETWORK, of_tool=True), id="a client"),
        pytest.param(seen(dict.fromkeys(BOTH, 7), family=Family.TIMING), id="a day"),
        pytest.param(seen(dict.fromkeys(BOTH + STRANGERS + [999], 7)), id="a public mail host"),
    ],
)
def test_what_strangers_share_ties_nobody(common: Observed) -> None:
    assert tied(seen(OWN_CARDS), common) == 0.5


def test_nothing_seen_ties_nobody() -> None:
    assert tied() == 1 / len(BOTH)


def test_a_value_ties_inside_each_group_only() -> None:
    strands = strands_of({(TEMPLATE, 1): (BOTH, HARVEST_SCORE)})
    groups = [Group(np.array(held), np.ones(len(held))) for held in (OTHER, ONE)]
    assert tied_shares(groups, strands, [seen(OWN_CARDS)]) == [1.0, 1.0]
    assert tied_shares([], strands, [seen(OWN_CARDS)]) == []
