"""From accepted cells to groups of accounts: merging.

A group is a candidate campaign: member accounts, and the cells (content) whose strands they were accepted in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stillwatch.detect.belonging import absorb, belongings, dismiss, settle
from stillwatch.detect.cells import Cell, weigh_cells
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.kinship import split
from stillwatch.detect.merging import OWN_SHARE, join_all
from stillwatch.detect.mixture import FAMILIES, Background
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, SYSTEM, TEMPLATE, USE, Floats, Ints, Population, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS
from stillwatch.records import Family

MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""


OPENLY_SHARED = frozenset({"payment", "email_domain"})
OPEN_SHARE = 0.8
"""Share of a group that one card or domain holds where nothing is hidden; rings have a card for some accounts each."""


@dataclass
class Group:
    """A candidate campaign."""

    accounts: Ints
    match_weight: Floats
    cells: list[Cell] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)
    """The (kind, value) of further contents, which hardly anybody but its accounts sends."""
    words: float = 0.0
    """Words that its templates fix, on average over the calls,"""
    covered: float = 0.0
    """and the share of its calls that send one."""
    wordings: int = 0
    """Templates that its accounts send and hardly anybody else does."""
    own_share: float = 1.0
    """Share of its accounts among all who send its templates, by calls; 1 where wording is paraphrased."""

    @property
    def contents(self) -> list[tuple[int, int]]:
        """The (kind, value) of its cells and of what is its own."""
        return sorted({(c.kind, c.value) for c in self.cells} | set(self.own))


def find_groups(
    strands: Strands, observed: Sequence[Observed], population: Population, background: Background
) -> list[Group]:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign."""
    if not len(strands):
        return []
    weighed = weigh_cells(strands, observed, population, background)
    groups = drop_chance_uses(merge(weighed.cells, strands, population), strands, population)
    for group in groups:
        group.cells = weighed.explain(group.cells)
        _see_senders(group, strands)
    return groups


def _see_senders(group: Group, strands: Strands) -> None:
    """Note how far the group's templates, and any that its accounts harvest with, are sent by its accounts only."""
    member = np.isin(strands.account, group.accounts)
    known = np.zeros(len(strands.cell_kind), bool)
    known[[strands.cell_number(kind, value) for kind, value in group.contents]] = True
    asks = known | (strands.cell_wording >= HARVEST_CENTIBITS / 100)
    rows = np.flatnonzero((asks & (strands.cell_kind != USE))[strands.cell])
    cells = np.unique(strands.cell[rows[member[rows]]])
    if not len(cells):
        return
    size = len(strands.cell_kind)
    _see_words(group, strands, member)
    senders = np.bincount(strands.cell[rows], minlength=size)[cells]
    ours = np.bincount(strands.cell[rows], weights=member[rows], minlength=size)[cells]
    calls = np.bincount(strands.cell[rows], weights=strands.calls[rows] * member[rows], minlength=size)[cells]
    group.own_share = float((calls * ours / senders).sum() / calls.sum())
    firm = strands.cell_words[cells] >= FIRM_WORDS
    group.wordings = int((firm & (ours >= OWN_SHARE * senders) & (ours >= MIN_ENTITIES)).sum())


def _see_words(group: Group, strands: Strands, member: npt.NDArray[np.bool_]) -> None:
    rows = {USE: 0.0, TEMPLATE: 0.0, SYSTEM: 0.0}
    words = total = 0.0
    for kind, value in group.contents:
        at = strands.of_cell(kind, value)
        calls = float(strands.calls[at[member[at]]].sum())
        rows[kind] += calls
        if kind != USE:
            words += calls * float(strands.cell_words[strands.cell_number(kind, value)])
            total += calls
    # A call may have both a template and a system text: at least as many calls as the commoner of the two.
    group.covered = max(rows[TEMPLATE], rows[SYSTEM], total - rows[USE]) / max(1.0, total, rows[USE])
    group.words = words / max(1.0, total)


def is_open(group: Group) -> bool:
    """Whether its accounts do not hide that they belong together: nearly all have one payer or one e-mail domain.

    The domain must be one that hardly anybody else has.
    """
    held = [o for c in group.cells for o in c.observables if o[0] in OPENLY_SHARED]
    return any(holders >= OPEN_SHARE * len(group.accounts) > 10 * elsewhere for _, _, _, holders, elsewhere, _ in held)


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
