"""Contents that a group's members send hardly more often than chance would have it are others', and are taken out.

Members of a mixed pool also carry other people's calls. Some of those happen to look like a harvest, and some recur
among the members only because the members carry so many people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        spread = find_spread(*carried, share) if inside else 0.0
        wordings = [content for content in group.contents if content[0] != USE and inside]
        dropped.append({w for w in wordings if _surprise(w, group, strands, share, spread) < MIN_CONTENT_BITS})
    return dropped


def _carried(
    groups: Sequence[Group], cell: Ints, account: Ints, chosen: npt.NDArray[np.bool_], population: Population
) -> Iterator[tuple[Floats, Floats]]:
    """Yield for each group, over the chosen cells that are sent: its members among their senders, and all senders.

    ``cell`` and ``account`` (its position in the population) are those of each strand.
    """
    size = np.bincount(cell, minlength=len(chosen)) * chosen
    home = np.full(len(population.account), -1)
    for number, group in enumerate(groups):
        home[population.index(group.accounts)] = number
    inside = np.flatnonzero(home[account] >= 0)
    inside = inside[np.argsort(home[account[inside]], kind="stable")]
    bounds = np.searchsorted(home[account[inside]], np.arange(len(groups) + 1))
    for start, stop in pairwise(bounds):
        ours = np.bincount(cell[inside[start:stop]], minlength=len(chosen))
        yield ours[size > 0].astype(float), size[size > 0].astype(float)


def _surprise(content: Content, group: Group, strands: Strands, share: float, spread: float) -> float:
    """Return how surprising it is, in bits, that so many who send a wording are members.

    ``spread`` counts where the wording asks for nothing and others send it too.
    """
    rows = strands.of_cell(*content)
    members = int(strands.are_of(group.accounts, rows).sum())
    bits = float(excess_bits(np.array([members], float), np.array([len(rows)], float), share)[0])
    asks = strands.cell_wording[strands.cell_number(*content)] >= ASKS_BITS
    if not spread or asks or members >= OWN_SHARE * len(rows):
        return bits
    return min(bits, tail_bits(members, len(rows), share, spread))


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
