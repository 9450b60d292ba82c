"""Cells join drafts one by one, those that are the most of a harvest first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.detect.cells import MIN_LINK_BITS, Cell
from stillwatch.detect.drafts import Drafts, part_of
from stillwatch.detect.kinship import unite
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, USE, Ints
from stillwatch.detect.uses import HARVEST_CENTIBITS, PRIOR_CENTIBITS
from stillwatch.records import Family

LEAST_FACTOR = 0.5
"""Cells join in the order of what links them times how much of a harvest they are, neutral wording counted so."""
MOSTLY_NEW = 0.5
"""A cell that may not join founds a draft of its own where more than this share of its members is in none."""
MAX_HARVEST_GAP = 3.0
"""Bits by which a cell's wording may be less of a harvest than its draft's first cell: one strong cue,"""
MIN_HARVEST_BITS = PRIOR_CENTIBITS / 100 + 1.0
"""as long as it is more of a harvest than wording that says nothing, by one weak cue."""
OWN_SHARE = 0.9
"""A cell whose wording says nothing is the draft's own where at least this share of its senders are members."""
MIN_INSIDE = 0.5
"""A wording of which fewer senders than this share are members or accepted is public."""
_LINKED = [f is not Family.CONTENT for f in FAMILIES]


def join_all(drafts: Drafts, cells: Sequence[Cell]) -> None:
    """Let every cell join or found a draft; those refused are asked once more when the drafts are whole."""
    refused = [c for c in sorted(cells, key=lambda c: _rank(c, drafts)) if not _join(c, drafts)]
    unite(drafts, cells)
    for cell in refused:
        _join(cell, drafts)


def _rank(cell: Cell, drafts: Drafts) -> tuple[float, int, int]:
    linked = float((cell.weight * cell.bits.sum(axis=1)).sum())
    return -linked * max(LEAST_FACTOR, 3.0 + drafts.harvest(cell)), cell.kind, cell.value


def _join(cell: Cell, drafts: Drafts) -> bool:
    """Join the draft with the most common members, or found one; or neither, and return False."""
    accounts = drafts.members(cell)
    new = drafts.home[accounts] < 0
    turns = drafts.with_turns(cell.turns)
    best = turns if turns >= 0 else drafts.nearest(accounts)
    if best >= 0 and turns < 0 and not _may_join(cell, best, drafts):
        if np.count_nonzero(new) <= MOSTLY_NEW * len(new):
            return False
        best = -1
    if best < 0:
        if cell.weight[new].sum() < MIN_ENTITIES:
            return False
        best = drafts.found(drafts.harvest(cell))
    elif cell.kind == USE:
        # A use is no wording: it holds strangers too, who may yet be found to belong elsewhere.
        new = np.zeros(len(new), bool)
    elif turns < 0 and (cell.words < FIRM_WORDS or _is_public(cell, best, drafts)):
        # A few words, or what everybody sends, make nobody a member.
        cell, new = part_of(cell, drafts.home[accounts] == best), np.zeros(len(new), bool)
    drafts.admit(accounts[new], best)
    drafts.drafts[best].cells.append(cell)
    return True


def _is_public(cell: Cell, best: int, drafts: Drafts) -> bool:
    sends = drafts.senders(cell.kind, cell.value)
    inside = (drafts.home[sends] == best) | np.isin(sends, drafts.members(cell))
    return bool(inside.mean() < MIN_INSIDE)


def _may_join(cell: Cell, best: int, drafts: Drafts) -> bool:
    """Whether a cell of the draft's members is the draft's own, and not what the members' other customers send.

    It is where its wording is that of a harvest. Where it says nothing either way and nobody converses in it, the cell
    is the draft's own if hardly anybody sends it but members and accounts that are linked as members must be; or if
    hardly anybody was refused in it and the draft is but a part of it.
    """
    least = min(HARVEST_CENTIBITS / 100, max(MIN_HARVEST_BITS, drafts.drafts[best].harvest - MAX_HARVEST_GAP))
    if drafts.harvest(cell) >= least:
        return True
    if cell.kind == USE or not drafts.is_neutral(drafts.strands.cell_number(cell.kind, cell.value)):
        return False
    accounts, sends = drafts.members(cell), drafts.senders(cell.kind, cell.value)
    return _is_own(cell, best, sends, drafts) or (
        _is_part(best, accounts, drafts) and len(accounts) >= OWN_SHARE * len(sends)
    )


def _is_own(cell: Cell, best: int, sends: Ints, drafts: Drafts) -> bool:
    linked = drafts.members(cell)[cell.own_bits[:, _LINKED].sum(axis=1) >= MIN_LINK_BITS]
    ours = (drafts.home[sends] == best) | np.isin(sends, linked)
    return bool(ours.mean() >= OWN_SHARE)


def _is_part(best: int, accounts: Ints, drafts: Drafts) -> bool:
    return bool(np.isin(np.flatnonzero(drafts.home == best), accounts).mean() >= OWN_SHARE)
