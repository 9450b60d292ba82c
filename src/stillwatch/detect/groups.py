"""From strands to groups of accounts: cells are weighed, and those of one campaign merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.detect.belonging import absorb, belongings, dismiss, settle
from stillwatch.detect.cells import Cell, weigh_cells
from stillwatch.detect.chance import drop_chance
from stillwatch.detect.codes import Background
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.group import Group
from stillwatch.detect.kinship import MIN_EXCLUSIVE, PERSONAL, PERSONAL_FAMILIES, split
from stillwatch.detect.merging import join_all
from stillwatch.detect.observe import Observed
from stillwatch.detect.papers import held_in_drafts, unite_by_papers
from stillwatch.detect.questions import most_for_one_operator
from stillwatch.detect.senders import see_senders, without_outsiders
from stillwatch.detect.strands import MIN_ENTITIES, Ints, Population, Strands
from stillwatch.detect.ties import tied_shares
from stillwatch.detect.turns import find_turns


@dataclass(frozen=True)
class Groups:
    """The groups that are worth questioning, and how many others were found."""

    promising: list[Group]
    others: int = 0


def find_groups(
    strands: Strands,
    observed: Sequence[Observed],
    population: Population,
    background: Background,
    *,
    least: float = -np.inf,
) -> Groups:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign.

    Groups that would stay below ``least`` bits for one operator whatever their calls show are only counted: in a large
    log chance makes thousands of them.
    """
    if not len(strands):
        return Groups([])
    weighed = weigh_cells(strands, observed, population, background, turns=find_turns(strands, population))
    groups = drop_chance(merge(weighed.cells, strands, population, observed), strands, population)
    groups = [g for g in (without_outsiders(g, strands) for g in groups) if len(g.accounts) >= MIN_ENTITIES]
    for group in groups:
        group.sent = see_senders(group, strands)
    promising = [g for g in groups if _most(g, population) >= least]
    held = [g for g in promising if _is_held(g)]
    for group, tied in zip(held, tied_shares(held, strands, observed), strict=True):
        group.tied = tied
    for group in promising:
        group.cells = weighed.explain(group.cells)
    return Groups(promising, len(groups) - len(promising))


def _most(group: Group, population: Population) -> float:
    entities = population.entities(group.accounts)
    return most_for_one_operator(group, entities=entities, accounts=len(population.account))


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
    split(drafts, lambda: _personal_values(drafts, observed))
    settle(drafts)
    absorb(drafts)
    dismiss(drafts)
    groups = []
    for number, draft in enumerate(drafts.drafts):
        accounts, weights, mine = belongings(drafts, number)
        if mine and len(accounts) >= MIN_ENTITIES:
            groups.append(Group(accounts, weights, mine, draft.own))
    return groups


def _is_held(group: Group) -> bool:
    """Whether addresses or papers say anything for the group: else nobody asks whom they tie."""
    means = (np.average(c.own_bits[:, PERSONAL], axis=0, weights=c.weight) for c in group.cells)
    return any((mean > 0.0).any() for mean in means)


def _personal_values(drafts: Drafts, observed: Sequence[Observed]) -> list[Ints]:
    """Return the holders in drafts of every address, network and paper that is not mostly held elsewhere."""
    personal = [o for o in observed if o.signal.family in PERSONAL_FAMILIES and not o.signal.of_tool]
    return [holders for o in personal for holders in held_in_drafts(drafts, o, MIN_EXCLUSIVE)]
