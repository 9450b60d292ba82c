from dataclasses import replace

import numpy as np
import pytest
from hand_made_cells import HARVEST_SCORE, ONE, cell_of, strands_of

from stillwatch.detect.cells import Cell
from stillwatch.detect.group import Group, is_open, mean_bits
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import TEMPLATE, USE

BITS = np.zeros((10, len(FAMILIES)))


def cell(weight: np.ndarray, bits: np.ndarray, *observables: tuple[str, str, int, float, float, float]) -> Cell:
    return Cell(TEMPLATE, 1, 16, np.arange(10), weight, bits, bits, np.ones(10), 10, observables=observables)


def test_mean_bits_counts_every_owner_once() -> None:
    bits = np.arange(10.0)[:, None] * np.ones(len(FAMILIES))
    weight = np.array([0.5, 0.5, *[1.0] * 8])
    own, tool = mean_bits([cell(weight, bits)])
    assert own == pytest.approx([(0.5 + sum(range(2, 10))) / 9.0] * len(FAMILIES))
    assert tool == pytest.approx(0.0)


@pytest.mark.parametrize(("linked", "mean"), [(6, 8.0), (4, 8.0 * 0.4 - 1.0 * 0.6)])
def test_who_only_takes_turns_does_not_lessen_what_links_most_others(linked: int, mean: float) -> None:
    bits = np.full((10, len(FAMILIES)), -1.0)
    bits[:linked] = 8.0
    own, _ = mean_bits([replace(cell(np.ones(10), bits), turns=3)])
    assert own == pytest.approx([mean] * len(FAMILIES))
    whole, _ = mean_bits([cell(np.ones(10), bits)])
    assert whole == pytest.approx([8.0 * linked / 10 - (10 - linked) / 10] * len(FAMILIES))


def test_contents_are_its_cells_and_what_is_its_own() -> None:
    strands = strands_of({(TEMPLATE, 2): (ONE, HARVEST_SCORE), (USE, 1): (ONE, HARVEST_SCORE)})
    made = Group(np.array(ONE), np.ones(10), [cell_of(strands, 1), cell_of(strands, 0)], own=[(TEMPLATE, 1)])
    assert made.contents == [(TEMPLATE, 1), (TEMPLATE, 2), (USE, 1)]


@pytest.mark.parametrize(
    ("signal", "holders", "elsewhere", "openly"),
    [
        ("payment", 10.0, 0.0, True),
        ("email_domain", 8.0, 0.0, True),
        ("payment", 7.0, 0.0, False),
        ("email_domain", 10.0, 50.0, False),
        ("address", 10.0, 0.0, False),
    ],
)
def test_one_payer_or_one_domain_of_its_own_hides_nothing(
    signal: str, holders: float, elsewhere: float, *, openly: bool
) -> None:
    shared = cell(np.ones(10), BITS, (signal, "identity", 1, holders, elsewhere, 5.0))
    assert is_open(Group(np.array(ONE), np.ones(10), [shared])) is openly
