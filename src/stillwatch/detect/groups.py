"""From accepted cells to groups of accounts: merging.

A group is a candidate campaign: member accounts, and the cells (content) whose strands they were accepted in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stillwatch.detect.cells import Cell, weigh_cells
from stillwatch.detect.mixture import FAMILIES, Background
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import MIN_ENTITIES, USE, Floats, Ints, Population, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS, PRIOR_CENTIBITS
from stillwatch.records import Family

LEAST_FACTOR = 0.5
"""Cells are merged in the order of what links them times how much of a harvest they are, neutral wording counted so."""
MOSTLY_NEW = 0.5
"""A cell that may not join founds a group of its own where more than this share of its members is in none."""
MAX_HARVEST_GAP = 3.0
"""Bits by which a cell's wording may be less of a harvest than its group's first cell: one strong cue."""
MAX_ITEM_BITS = 1.0
"""Bits that inserted items may take from a template's wording: documents and questions have cues of their own."""
OWN_SHARE = 0.9
"""A cell whose wording says nothing is the group's own where at least this share of its holders are members,"""
MAX_FOLLOW_UPS = 0.05
"""and less than this share of its calls goes on with a conversation."""
MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""
OVERLAP = 0.3
"""Two cells are one campaign where at least this share of the smaller one's members are in both."""


@dataclass
class Group:
    """A candidate campaign."""

    accounts: Ints
    match_weight: Floats
    cells: list[Cell] = field(default_factory=list)

    @property
    def contents(self) -> list[tuple[int, int]]:
        """The (kind, value) of its cells."""
        return sorted({(c.kind, c.value) for c in self.cells})


def find_groups(
    strands: Strands, observed: Sequence[Observed], population: Population, background: Background
) -> list[Group]:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign."""
    if not len(strands):
        return []
    weighed = weigh_cells(strands, observed, population, background)
    groups = drop_chance_uses(merge(weighed.cells, strands), strands, population)
    for group in groups:
        group.cells = weighed.explain(group.cells)
    return groups


def _harvest(cell: Cell, strands: Strands) -> float:
    calls = strands.calls[cell.strands].sum()
    return float(strands.score[cell.strands].sum()) / max(1, int(calls)) / 100.0


def merge(cells: Sequence[Cell], strands: Strands) -> list[Group]:
    """Merge cells with common members, the most harvest-like and largest first; each account ends in one group at most.

    A cell whose own calls do not look like harvest joins nobody's content: it may be what the members' other
    customers send.
    """
    known, number = np.unique(strands.account, return_inverse=True)
    merging = _Merging(strands, number, np.full(len(known), -1, np.int64))
    for cell in sorted(cells, key=lambda c: _rank(c, strands)):
        merging.add(cell)
    return merging.groups()


def _rank(cell: Cell, strands: Strands) -> tuple[float, int, int]:
    linked = float((cell.weight * cell.bits.sum(axis=1)).sum())
    return -linked * max(LEAST_FACTOR, 3.0 + _harvest(cell, strands)), cell.kind, cell.value


@dataclass
class _Draft:
    """A group in the making: the numbers of its accounts in order of arrival, and its first cell's harvest."""

    harvest: float
    accounts: list[Ints] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    size: int = 0


@dataclass
class _Merging:
    """Cells joining groups one by one. ``home`` holds the group of each account number, -1 for none."""

    strands: Strands
    number: Ints
    home: Ints
    drafts: list[_Draft] = field(default_factory=list)

    def add(self, cell: Cell) -> None:
        """Join the group with the most common members, or found one; or neither."""
        accounts = self.number[cell.strands]
        homes = self.home[accounts]
        common = np.bincount(homes[homes >= 0], minlength=len(self.drafts))
        best = self._best(common, len(accounts))
        new = homes < 0
        if best >= 0 and not self._may_join(cell, self.drafts[best], int(common[best])):
            if new.mean() <= MOSTLY_NEW:
                return
            best = -1
        if best < 0:
            if cell.weight[new].sum() < MIN_ENTITIES:
                return
            best = len(self.drafts)
            self.drafts.append(_Draft(_harvest(cell, self.strands)))
        draft = self.drafts[best]
        self.home[accounts[new]] = best
        draft.accounts.append(self.strands.account[cell.strands][new])
        draft.weights.append(cell.bits.sum(axis=1)[new])
        draft.cells.append(cell)
        draft.size += int(new.sum())

    def _best(self, common: Ints, members: int) -> int:
        if not len(common):
            return -1
        sizes = np.array([d.size for d in self.drafts])
        share = common / np.maximum(1, np.minimum(members, sizes))
        best = int(np.argmax(share))
        return best if share[best] > OVERLAP else -1

    def _may_join(self, cell: Cell, draft: _Draft, common: int) -> bool:
        """Whether a cell of the group's members is the group's own, and not what the members' other customers send.

        It is where its wording is that of a harvest; or where it says nothing either way, but hardly anybody outside
        the group uses it and nobody converses in it.
        """
        harvest = _harvest(cell, self.strands)
        if harvest >= min(HARVEST_CENTIBITS / 100, draft.harvest - MAX_HARVEST_GAP):
            return True
        calls, turns = self.strands.calls[cell.strands].sum(), self.strands.follow_ups[cell.strands].sum()
        neutral = PRIOR_CENTIBITS / 100 - MAX_ITEM_BITS
        own = common / max(1, cell.holders)
        return cell.kind != USE and harvest >= neutral and own >= OWN_SHARE and turns < MAX_FOLLOW_UPS * calls

    def groups(self) -> list[Group]:
        """Return the groups with their accounts in ascending order."""
        out = []
        for draft in self.drafts:
            accounts, weights = np.concatenate(draft.accounts), np.concatenate(draft.weights)
            order = np.argsort(accounts, kind="stable")
            out.append(Group(accounts[order], weights[order], draft.cells))
        return out


def drop_chance_uses(groups: Sequence[Group], strands: Strands, population: Population) -> list[Group]:
    """Take from each group the cells of a use that its members show hardly more often than everybody does.

    Members of a mixed pool also carry other people's calls, and some of those happen to look like a harvest.
    """
    mine = np.flatnonzero(strands.cell_kind[strands.cell] == USE)
    account, value, calls = strands.account[mine], strands.cell_value[strands.cell[mine]], strands.calls[mine]
    by_use = {int(use): float(calls[value == use].sum()) for use in np.unique(value)}
    everything = float(population.calls.sum())
    kept = []
    for group in groups:
        uses = sorted({c.value for c in group.cells if c.kind == USE})
        if not uses:
            kept.append(group)
            continue
        sent = float(population.calls[population.index(group.accounts)].sum())
        others = max(1.0, everything - sent)
        member = np.isin(account, group.accounts)
        shown = {use: float(calls[member & (value == use)].sum()) for use in uses}
        chance = {u for u in uses if shown[u] < MIN_USE_EXCESS * (by_use[u] - shown[u]) / others * sent}
        cells = [c for c in group.cells if c.kind != USE or c.value not in chance]
        if not chance:
            kept.append(group)
        elif cells:
            stays = np.isin(group.accounts, np.concatenate([strands.account[c.strands] for c in cells]))
            if stays.sum() >= MIN_ENTITIES:
                kept.append(Group(group.accounts[stays], group.match_weight[stays], cells))
    return kept


def mean_bits(group: Group) -> tuple[Floats, float]:
    """Average the match weight over the strands of the group's cells, each entity once.

    Returns the weight by family without what only says which program the accounts use, and that part, all families
    together.
    """
    weight = np.concatenate([c.weight for c in group.cells])
    own = np.average(np.concatenate([c.own_bits for c in group.cells]), axis=0, weights=weight)
    every = np.average(np.concatenate([c.bits for c in group.cells]), axis=0, weights=weight)
    linked = [f is not Family.CONTENT for f in FAMILIES]
    return own, float((every - own)[linked].sum())
