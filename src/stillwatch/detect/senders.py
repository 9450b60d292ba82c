"""Who else sends a group's wording: a campaign's is its own, a published one is everybody's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from stillwatch.detect.drafts import part_of
from stillwatch.detect.group import Group, Sent
from stillwatch.detect.kinship import HELD_BITS, PERSONAL
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, SYSTEM, TEMPLATE, USE, Ints, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS

PUBLIC_SHARE = 0.6
"""Where fewer of those who send a wording are in the group, it is public by the log's own testimony: the group was
picked among its users because they agree a little, and must be held by something else."""
MIN_COMPANY = 0.5
"""An address or a paper holds an account in a group where at least this share of those whom it binds together send the
group's own wording; else it binds strangers to strangers."""
MIN_COVERED = 0.5
"""Below this share of a group's calls, templates say nothing of the group."""
Flags = npt.NDArray[np.bool_]


def see_senders(group: Group, strands: Strands) -> Sent:
    """Say what the group's accounts send in templates, its own and any that asks for a harvest, and who else does."""
    sent = _templates(group, strands)
    cells, place, rows = _rows(group, strands)
    member = strands.are_of(group.accounts, rows)
    senders, ours, calls = (
        np.bincount(place, weights=w, minlength=len(cells)) for w in (None, member, strands.calls[rows] * member)
    )
    theirs = ours > 0
    if not theirs.any():
        return sent
    cells, senders, ours, calls = cells[theirs], senders[theirs], ours[theirs], calls[theirs]
    firm = strands.cell_words[cells] >= FIRM_WORDS
    own = firm & (ours >= OWN_SHARE * senders) & (ours >= MIN_ENTITIES)
    top = int(calls.argmax())
    return replace(
        sent,
        wordings=int(own.sum()),
        turns=float(ours[own].sum() / len(group.accounts)),
        own_share=float((calls * ours / senders).sum() / calls.sum()),
        commonest=(int(ours[top]), int(calls[top])),
    )


def without_outsiders(group: Group, strands: Strands) -> Group:
    """Let go who sends a public wording in place of the group's own, unless addresses or papers bind it to others.

    They came in because they ask for the same thing. Where nearly all send wording of the group's own, so does who
    sends none of it. Where the group has no wording of its own, nobody is let go.
    """
    templates, place, rows = _rows(group, strands)
    member = strands.are_of(group.accounts, rows)
    senders, ours = (np.bincount(place, weights=w, minlength=len(templates)) for w in (None, member))
    share = (ours / senders)[place[member]]
    rows = rows[member]
    account = np.searchsorted(group.accounts, strands.account[rows])
    calls = strands.calls[rows].astype(float)
    sent = np.bincount(account, weights=calls, minlength=len(group.accounts))
    own = np.bincount(account, weights=calls * share, minlength=len(group.accounts))
    if not sent.sum() or own.sum() < PUBLIC_SHARE * sent.sum():
        return group
    fits = own >= PUBLIC_SHARE * sent
    if (own > 0).mean() >= OWN_SHARE:
        fits &= own > 0
    stays = fits | np.isin(group.accounts, _held(group, strands, group.accounts[fits]))
    if stays.all():
        return group
    accounts = group.accounts[stays]
    inside = [(c, np.isin(strands.account[c.strands], accounts)) for c in group.cells]
    cells = [part_of(c, flags) for c, flags in inside if flags.any()]
    return Group(accounts, group.match_weight[stays], cells, group.own)


def _rows(group: Group, strands: Strands) -> tuple[Ints, Ints, Ints]:
    """Return the templates that are the group's or ask for a harvest; and for each strand of one, its place, and it."""
    chosen = strands.cell_wording >= HARVEST_CENTIBITS / 100
    chosen[[strands.cell_number(kind, value) for kind, value in group.contents]] = True
    cells = np.flatnonzero(chosen & (strands.cell_kind != USE))
    return cells, np.repeat(np.arange(len(cells)), strands.sizes[cells]), strands.of_cells(cells)


def _held(group: Group, strands: Strands, fit: Ints) -> Ints:
    """Return the accounts that addresses or papers bind to those that fit."""
    held = [np.empty(0, np.int64)]
    for cell in group.cells:
        accounts = strands.account[cell.strands]
        if np.isin(accounts, fit).mean() >= MIN_COMPANY:
            held.append(accounts[cell.own_bits[:, PERSONAL].sum(axis=1) >= HELD_BITS])
    return np.concatenate(held)


def _templates(group: Group, strands: Strands) -> Sent:
    calls = {USE: 0.0, TEMPLATE: 0.0, SYSTEM: 0.0}
    words = wording = 0.0
    for kind, value in group.contents:
        at, number = strands.of_cell(kind, value), strands.cell_number(kind, value)
        sent = float(strands.calls[at[strands.are_of(group.accounts, at)]].sum())
        calls[kind] += sent
        if kind != USE:
            words += sent * float(strands.cell_words[number])
            wording += sent * float(strands.cell_wording[number])
    # A call may have both a template and a system text, so these are counted as one where they may be.
    total = calls[TEMPLATE] + calls[SYSTEM]
    if not total:
        return Sent(calls=calls[USE])
    least = max(calls[TEMPLATE], calls[SYSTEM], total - calls[USE])
    return Sent(words / total, least / max(total, calls[USE]), wording / total, calls=total + calls[USE])
