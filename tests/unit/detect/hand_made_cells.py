"""Strands and cells made by hand, for the tests of merging."""

from typing import Any

import numpy as np

from stillwatch.detect.cells import Cell
from stillwatch.detect.drafts import Draft, Drafts
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import Population, Strands

HARVEST_SCORE, NEUTRAL_SCORE, WORK_SCORE = 500, -300, -900
"""Centibits a call: a harvest's wording, a wording that says nothing, a wording of classification or agents."""
ONE, OTHER = list(range(1, 11)), list(range(21, 31))


def strands_of(cells: dict[tuple[int, int], tuple[list[int], int]], *, follow_ups: int = 0, words: int = 16) -> Strands:
    """Return strands of ten calls each, from {(kind, value): (accounts, score a call)} in order of kind, value."""
    rows = [(a, number, score) for number, (held, score) in enumerate(cells.values()) for a in held]
    account, cell, score = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    calls = np.full(len(rows), 10)
    kinds, values = (np.array(column) for column in zip(*cells, strict=True))
    turns = np.full(len(rows), follow_ups)
    wording = np.array([score / 100 for _, score in cells.values()])
    fixed = np.full(len(kinds), words)
    return Strands(account, cell, calls, 10 * score, turns, calls, kinds.astype(np.int8), values, fixed, wording)


def everybody(strands: Strands, calls: int = 100, owners: dict[int, int] | None = None) -> Population:
    """Return the accounts of these strands, with so many calls each, and 10,000 calls of somebody else's."""
    keys = np.append(np.unique(strands.account), 10**6)
    zeros = np.zeros(len(keys), np.int64)
    entity = np.array([(owners or {}).get(int(k), int(k)) for k in keys])
    sent = np.append(np.full(len(keys) - 1, calls), 10_000)
    return Population(keys, sent, zeros, zeros, zeros, zeros, zeros, entity)


def cell_of(
    strands: Strands, number: int, *, accepted: list[int] | None = None, bits: float = 2.0, own: float | None = None
) -> Cell:
    """Return a cell whose strands (of these accounts only) were accepted, with ``bits`` of each family."""
    mine = np.flatnonzero(strands.cell == number)
    holders = len(mine)
    if accepted is not None:
        mine = mine[np.isin(strands.account[mine], accepted)]
    every = np.full((len(mine), len(FAMILIES)), bits)
    ones = np.ones(len(mine))
    kind, value = int(strands.cell_kind[number]), int(strands.cell_value[number])
    own_bits = every if own is None else np.full_like(every, own)
    return Cell(kind, value, int(strands.cell_words[number]), mine, ones, every, own_bits, ones, holders)


def all_cells(strands: Strands, **others: Any) -> list[Cell]:
    """Return every cell."""
    return [cell_of(strands, number, **others) for number in range(len(strands.cell_kind))]


def drafts_of(strands: Strands, *members: tuple[list[int], list[Cell]], owners: dict[int, int] | None = None) -> Drafts:
    """Return drafts with these accounts and cells."""
    drafts = Drafts.start(strands, everybody(strands, owners=owners))
    for number, (accounts, cells) in enumerate(members):
        drafts.drafts.append(Draft(5.0, list(cells)))
        drafts.home[np.isin(drafts.known, accounts)] = number
    drafts.recount()
    return drafts


def homes(drafts: Drafts) -> list[list[int]]:
    """Return the accounts of each draft."""
    return [drafts.known[drafts.home == number].tolist() for number in range(len(drafts.drafts))]
