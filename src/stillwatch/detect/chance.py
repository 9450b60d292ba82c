"""Contents that a group's members send hardly more often than chance would have it are others', and are taken out.

Members of a mixed pool also carry other people's calls. Some of those happen to look like a harvest, and some recur
among the members only because the members carry so many people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stillwatch.detect.group import Group
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.spread import find_spread, tail_bits
from stillwatch.detect.strands import MIN_ENTITIES, USE, Floats, Ints, Population, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS

MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""
MIN_CONTENT_BITS = 10.0
"""A wording is a group's own where so many of its senders are members that chance would show it in one of a thousand
wordings: there are about as many that hundreds of people come back to."""
ASKS_BITS = HARVEST_CENTIBITS / 100
"""Wording from here on asks for a harvest, which people come upon less easily than upon a turn of phrase."""

Content = tuple[int, int]


def drop_chance(groups: Sequence[Group], strands: Strands, population: Population) -> list[Group]:
    """Take from each group what its members send by chance, and who then sends nothing of the group's."""
    wordings = _chance_wordings(groups, strands, population)
    uses = _chance_uses(groups, strands, population)
    found = (_without(g, w | u, strands) for g, w, u in zip(groups, wordings, uses, strict=True))
    return [g for g in found if g is not None]


def _chance_wordings(groups: Sequence[Group], strands: Strands, population: Population) -> list[set[Content]]:
    """Return the templates and system texts of each group of which members are senders as of any wording.

    What to expect is the members' share of the senders of all wordings that are in no group: an account that carries
    many people sends many of them. Of wordings that ask for nothing, and that others send too, it is also expected that
    this share varies as it does among such wordings. Of members who send nothing but their campaign none is taken out.
    """
    other = strands.cell_kind != USE
    other[[strands.cell_number(*content) for g in groups for content in g.contents]] = False
    rows = np.flatnonzero(other[strands.cell])
    at = population.index(strands.account[rows])
    sent = np.bincount(at, minlength=len(population.account))
    plain = strands.cell_wording < ASKS_BITS
    dropped: list[set[Content]] = []
    for group, carried in zip(groups, _carried(groups, strands.cell[rows], at, plain, population), strict=True):
        inside = int(sent[population.index(group.accounts)].sum())
        # One strand more, as likely a member's as any account is: of few strands the share is not known better.
        share = (inside + len(group.accounts) / len(population.account)) / (len(rows) + 1.0)
        wordings = [_Wording.of(content, group, strands) for content in group.contents if content[0] != USE and inside]
        bits = [w.surprise(share) for w in wordings]
        # How alike senders are takes long to count, so it is asked only where something would depend on it.
        doubtful = [i for i, w in enumerate(wordings) if bits[i] >= MIN_CONTENT_BITS and w.may_be_habit]
        spread = find_spread(*carried, share) if doubtful else 0.0
        for i in doubtful if spread else ():
            bits[i] = min(bits[i], tail_bits(wordings[i].members, wordings[i].senders, share, spread))
        dropped.append({w.content for w, b in zip(wordings, bits, strict=True) if b < MIN_CONTENT_BITS})
    return dropped


def _carried(
    groups: Sequence[Group], cell: Ints, account: Ints, chosen: npt.NDArray[np.bool_], population: Population
) -> Iterator[tuple[Floats, Floats]]:
    """Yield for each group, over the chosen cells that are sent: its members among their senders, and all senders.

    ``cell`` and ``account`` (its position in the population) are those of each strand.
    """
    size = np.bincount(cell, minlength=len(chosen)) * chosen
    sent = np.flatnonzero(size)
    senders, column = size[sent].astype(float), np.full(len(chosen), -1)
    column[sent] = np.arange(len(sent))
    home = np.full(len(population.account), -1)
    for number, group in enumerate(groups):
        home[population.index(group.accounts)] = number
    inside = np.flatnonzero((home[account] >= 0) & (column[cell] >= 0))
    inside = inside[np.argsort(home[account[inside]], kind="stable")]
    bounds = np.searchsorted(home[account[inside]], np.arange(len(groups) + 1))
    place = column[cell[inside]]
    for start, stop in pairwise(bounds):
        yield np.bincount(place[start:stop], minlength=len(sent)).astype(float), senders


@dataclass(frozen=True)
class _Wording:
    """One content of a group, how many accounts send it, and how many of these are members."""

    content: Content
    members: int
    senders: int
    asks: bool
    """Whether it asks for a harvest."""

    @classmethod
    def of(cls, content: Content, group: Group, strands: Strands) -> _Wording:
        rows = strands.of_cell(*content)
        asks = bool(strands.cell_wording[strands.cell_number(*content)] >= ASKS_BITS)
        return cls(content, int(strands.are_of(group.accounts, rows).sum()), len(rows), asks)

    @property
    def may_be_habit(self) -> bool:
        """Whether others send it too, and it asks for nothing: then members may send it out of a common habit."""
        return not self.asks and self.members < OWN_SHARE * self.senders

    def surprise(self, share: float) -> float:
        """Return in bits how surprising so many members are, each sender being one with this chance."""
        return float(excess_bits(np.array([self.members], float), np.array([self.senders], float), share)[0])


def excess_bits(members: Floats, senders: Floats, share: float) -> Floats:
    """Return how surprising it is that so many of the senders are members, whose share of senders is this; 0 if few.

    Chernoff's bound on a binomial tail (1952): minus log2 of a chance that is at most this small.
    """
    seen = members / senders
    outside = 1.0 - seen
    bits = seen * np.log2(np.maximum(seen, 1e-300) / share) + outside * np.log2(
        np.maximum(outside, 1e-300) / (1.0 - share)
    )
    return np.where(seen > share, senders * bits, 0.0)


def _chance_uses(groups: Sequence[Group], strands: Strands, population: Population) -> list[set[Content]]:
    """Return the uses of each group that its members show hardly more often than everybody does."""
    mine = np.flatnonzero(strands.cell_kind[strands.cell] == USE)
    account, value = population.index(strands.account[mine]), strands.cell_value[strands.cell[mine]]
    by_account = {
        use: np.bincount(account, weights=strands.calls[mine] * (value == use), minlength=len(population.account))
        for use in sorted({c.value for g in groups for c in g.cells if c.kind == USE})
    }
    by_use = {use: float(counts.sum()) for use, counts in by_account.items()}
    everything = float(population.calls.sum())
    dropped = []
    for group in groups:
        uses = sorted({c.value for c in group.cells if c.kind == USE})
        members = population.index(group.accounts)
        sent = float(population.calls[members].sum())
        others = max(1.0, everything - sent)
        shown = {use: float(by_account[use][members].sum()) for use in uses}
        dropped.append({(USE, u) for u in uses if shown[u] < MIN_USE_EXCESS * (by_use[u] - shown[u]) / others * sent})
    return dropped


def _without(group: Group, dropped: set[Content], strands: Strands) -> Group | None:
    """Return the group without these contents; None where they were all it had, or all that enough accounts had."""
    if not dropped:
        return group
    cells = [c for c in group.cells if (c.kind, c.value) not in dropped]
    if not cells:
        return None
    stays = np.isin(group.accounts, _senders(group, dropped, strands))
    if stays.sum() < MIN_ENTITIES:
        return None
    own = [content for content in group.own if content not in dropped]
    return Group(group.accounts[stays], group.match_weight[stays], cells, own)


def _senders(group: Group, dropped: set[Content], strands: Strands) -> Ints:
    """Return whoever sends a content that is left: accepted or likely in a cell, or by the group's own wording."""
    held = [rows for c in group.cells if (c.kind, c.value) not in dropped for rows in (c.strands, c.likely)]
    held += [strands.of_cell(*content) for content in group.own if content not in dropped]
    left: Ints = strands.account[np.concatenate([rows for rows in held if rows is not None])]
    return left
