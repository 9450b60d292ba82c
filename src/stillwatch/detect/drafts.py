"""Drafts: groups in the making, and which of them each account is in at the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillwatch.detect.cells import Cell
from stillwatch.detect.strands import USE, Ints, Population, Strands
from stillwatch.detect.uses import PRIOR_CENTIBITS

NEUTRAL_BITS = PRIOR_CENTIBITS / 100 - 1.0
"""Wording down to here says nothing either way: one weak cue against it."""
MAX_FOLLOW_UPS = 0.05
"""In a template of a harvest less than this share of the calls goes on with a conversation."""
OVERLAP = 0.3
"""A cell and a draft are one campaign where at least this share of the smaller one's members are in both."""


@dataclass
class Draft:
    """A group in the making: its first cell's harvest, its cells, and the contents that only its members send."""

    harvest: float
    cells: list[Cell] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Drafts:
    """All drafts of a scan.

    Accounts with strands are numbered in ascending order of key (``known``); ``number`` holds each strand's account,
    ``home`` each account's draft, -1 for none.
    """

    strands: Strands
    population: Population
    drafts: list[Draft]
    known: Ints
    number: Ints
    home: Ints
    sizes: list[int] = field(default_factory=list)
    """How many accounts each draft has, kept up to date while cells join: counting all anew for each cell would make
    the time grow with cells times accounts."""

    @classmethod
    def start(cls, strands: Strands, population: Population) -> Drafts:
        """Return no drafts yet."""
        known, number = np.unique(strands.account, return_inverse=True)
        return cls(strands, population, [], known, number, np.full(len(known), -1, np.int64))

    def senders(self, kind: int, value: int) -> Ints:
        """Return the accounts that send a content, accepted or not."""
        return self.number[self.strands.of_cell(kind, value)]

    def members(self, cell: Cell) -> Ints:
        """Return the accounts that were accepted in a cell."""
        return self.number[cell.strands]

    def counts(self, accounts: Ints) -> tuple[Ints, Ints]:
        """Return the drafts that these accounts are in, in ascending order, and how many are in each."""
        homes = self.home[accounts]
        counts = np.bincount(homes[homes >= 0])
        near = np.flatnonzero(counts)
        return near, counts[near]

    def found(self, harvest: float) -> int:
        """Begin a draft without accounts or cells and return its number."""
        self.drafts.append(Draft(harvest))
        self.sizes.append(0)
        return len(self.drafts) - 1

    def admit(self, accounts: Ints, number: int) -> None:
        """Put accounts that are in no draft, each named once, into this one."""
        self.home[accounts] = number
        self.sizes[number] += len(accounts)

    def recount(self) -> None:
        """Count every draft's accounts, after accounts have changed places."""
        self.sizes = np.bincount(self.home[self.home >= 0], minlength=len(self.drafts)).tolist()

    def nearest(self, accounts: Ints) -> int:
        """Return the draft that shares most of the smaller one's members with these accounts; -1 if too few."""
        near, common = self.counts(accounts)
        if not len(near):
            return -1
        share = common / np.minimum(len(accounts), [self.sizes[number] for number in near])
        best = int(np.argmax(share))
        return int(near[best]) if share[best] > OVERLAP else -1

    def with_turns(self, turns: int) -> int:
        """Return the draft that has a wording of this set (``turns.py``); -1 if none has, or it is no set."""
        if turns < 0:
            return -1
        return next((n for n, d in enumerate(self.drafts) if any(c.turns == turns for c in d.cells)), -1)

    def harvest(self, cell: Cell) -> float:
        """Return how much a cell is a harvest, in bits: a template by its wording, a use by its members' calls."""
        if cell.kind != USE:
            return float(self.strands.cell_wording[self.strands.cell_number(cell.kind, cell.value)])
        calls = self.strands.calls[cell.strands].sum()
        return float(self.strands.score[cell.strands].sum()) / max(1, int(calls)) / 100.0

    def is_neutral(self, number: int) -> bool:
        """Whether the wording of this cell says nothing against a harvest and nobody converses in it."""
        return bool(self.are_neutral[number])

    @cached_property
    def are_neutral(self) -> npt.NDArray[np.bool_]:
        """The same of all cells."""
        cells, size = self.strands.cell, len(self.strands.cell_kind)
        calls, turns = (
            np.bincount(cells, weights=w, minlength=size) for w in (self.strands.calls, self.strands.follow_ups)
        )
        return (self.strands.cell_wording >= NEUTRAL_BITS) & (turns < MAX_FOLLOW_UPS * calls)


def templates(cells: Sequence[Cell], *, least_words: int) -> list[tuple[int, int]]:
    """Return the contents of these cells that are wordings of at least so many words, in order."""
    return sorted({(c.kind, c.value) for c in cells if c.kind != USE and c.words >= least_words})


def part_of(cell: Cell, inside: npt.NDArray[np.bool_]) -> Cell:
    """Return a cell with only these of its accepted strands."""
    if inside.all():
        return cell
    return replace(
        cell,
        strands=cell.strands[inside],
        weight=cell.weight[inside],
        bits=cell.bits[inside],
        own_bits=cell.own_bits[inside],
        probability=cell.probability[inside],
        rows=None if cell.rows is None else cell.rows[inside],
    )
