"""Contents that a group's members send hardly more often than chance would have it are others', and are taken out.

Members of a mixed pool also carry other people's calls. Some of those happen to look like a harvest, and some recur
among the members only because the members carry so many people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.detect.group import Group
from stillwatch.detect.strands import MIN_ENTITIES, USE, Floats, Ints, Population, Strands

MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""
MIN_CONTENT_BITS = 10.0
"""A wording is a group's own where so many of its senders are members that chance would show it in one of a thousand
wordings: there are about as many that hundreds of people come back to."""

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
    many people sends many of them. Of members who send nothing but their campaign none is taken out.
    """
    other = strands.cell_kind != USE
    other[[strands.cell_number(*content) for g in groups for content in g.contents]] = False
    account = strands.account[other[strands.cell]]
    sent = np.bincount(population.index(account), minlength=len(population.account))
    dropped = []
    for group in groups:
        inside = int(sent[population.index(group.accounts)].sum())
        # One strand more, as likely a member's as any account is: of few strands the share is not known better.
        share = (inside + len(group.accounts) / len(population.account)) / (len(account) + 1.0)
        mine = [content for content in group.contents if content[0] != USE]
        at = [strands.of_cell(*content) for content in mine]
        senders = np.array([len(rows) for rows in at], float)
        members = np.array([strands.are_of(group.accounts, rows).sum() for rows in at], float)
        bits = excess_bits(members, senders, share) if inside else np.full(len(mine), np.inf)
        dropped.append({content for content, b in zip(mine, bits, strict=True) if b < MIN_CONTENT_BITS})
    return dropped


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
