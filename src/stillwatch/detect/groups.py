"""From strands to groups of accounts: cells are weighed, and those of one campaign merged."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.detect.belonging import absorb, belongings, dismiss, settle
from stillwatch.detect.cells import Cell, weigh_cells
from stillwatch.detect.chance import drop_chance
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.group import Group
from stillwatch.detect.kinship import split
from stillwatch.detect.merging import join_all
from stillwatch.detect.mixture import Background
from stillwatch.detect.observe import Observed
from stillwatch.detect.papers import unite_by_papers
from stillwatch.detect.senders import see_senders, without_outsiders
from stillwatch.detect.strands import MIN_ENTITIES, Population, Strands


def find_groups(
    strands: Strands, observed: Sequence[Observed], population: Population, background: Background
) -> list[Group]:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign."""
    if not len(strands):
        return []
    weighed = weigh_cells(strands, observed, population, background)
    groups = drop_chance(merge(weighed.cells, strands, population, observed), strands, population)
    groups = [g for g in (without_outsiders(g, strands) for g in groups) if len(g.accounts) >= MIN_ENTITIES]
    for group in groups:
        group.cells = weighed.explain(group.cells)
        group.sent = see_senders(group, strands)
    return groups


def merge(
    cells: Sequence[Cell], strands: Strands, population: Population, observed: Sequence[Observed] = ()
) -> list[Group]:
    """Merge the cells of one campaign, in whatever order they come; each account ends in one group at most."""
    if not cells:
        return []
    drafts = Drafts.start(strands, population)
    join_all(drafts, cells)
    if not drafts.drafts:
        return []
    unite_by_papers(drafts, observed)
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
