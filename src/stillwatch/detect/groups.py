"""From strands to groups of accounts: cells are weighed, and those of one campaign merged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.detect.belonging import absorb, belongings, dismiss, settle
from stillwatch.detect.cells import Cell, weigh_cells
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.group import Group
from stillwatch.detect.kinship import split
from stillwatch.detect.merging import join_all
from stillwatch.detect.mixture import Background
from stillwatch.detect.observe import Observed
from stillwatch.detect.senders import see_senders, without_outsiders
from stillwatch.detect.strands import MIN_ENTITIES, USE, Population, Strands

MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""


def find_groups(
    strands: Strands, observed: Sequence[Observed], population: Population, background: Background
) -> list[Group]:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign."""
    if not len(strands):
        return []
    weighed = weigh_cells(strands, observed, population, background)
    groups = drop_chance_uses(merge(weighed.cells, strands, population), strands, population)
    groups = [g for g in (without_outsiders(g, strands) for g in groups) if len(g.accounts) >= MIN_ENTITIES]
    for group in groups:
        group.cells = weighed.explain(group.cells)
        group.sent = see_senders(group, strands)
    return groups


def merge(cells: Sequence[Cell], strands: Strands, population: Population) -> list[Group]:
    """Merge the cells of one campaign, in whatever order they come; each account ends in one group at most."""
    if not cells:
        return []
    drafts = Drafts.start(strands, population)
    join_all(drafts, cells)
    if not drafts.drafts:
        return []
    split(drafts)
    settle(drafts)
    absorb(drafts)
    dismiss(drafts)
    groups = []
    for number, draft in enumerate(drafts.drafts):
        accounts, weights, mine = belongings(drafts, number)
        if mine and len(accounts) >= MIN_ENTITIES:
            groups.append(Group(accounts, weights, mine, draft.own))
    return groups


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
            held = [rows for c in cells for rows in (c.strands, c.likely) if rows is not None]
            stays = np.isin(group.accounts, strands.account[np.concatenate(held)])
            if stays.sum() >= MIN_ENTITIES:
                kept.append(Group(group.accounts[stays], group.match_weight[stays], cells, group.own))
    return kept
