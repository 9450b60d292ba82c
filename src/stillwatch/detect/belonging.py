"""Which draft each account belongs to in the end, and what else belongs to it."""

from __future__ import annotations

import numpy as np

from stillwatch.detect.cells import MIN_SEED_BITS, Cell
from stillwatch.detect.drafts import Drafts, part_of
from stillwatch.detect.kinship import HELD_BITS, PERSONAL
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, USE, Floats, Ints

SEVERAL = 3
"""Wordings of a draft's own that make whoever sends them a member."""
USE_FACTOR = 0.5
"""A kind of use says half as much of where an account belongs as a wording does."""


def settle(drafts: Drafts) -> None:
    """Send each account to the draft with most of its evidence: calls times bits, each content once.

    Drafts of fewer than MIN_ENTITIES owners are given up, and their accounts go where else they have evidence.
    """
    account, draft, value, weight = _evidence(drafts)
    most = np.zeros(len(drafts.known))
    np.maximum.at(most, account, weight)
    while True:
        drafts.home[:] = -1
        order = np.lexsort((draft, -value, account))
        best = order[_first_of(account[order])]
        drafts.home[account[best]] = draft[best]
        owners = np.bincount(draft[best], weights=most[account[best]], minlength=len(drafts.drafts))
        keep = owners[draft] >= MIN_ENTITIES
        if keep.all():
            return
        account, draft, value = account[keep], draft[keep], value[keep]


def _evidence(drafts: Drafts) -> tuple[Ints, Ints, Floats, Floats]:
    """Return rows (account, draft, evidence, weight), one for each pair."""
    cells = [(number, c) for number, draft in enumerate(drafts.drafts) for c in draft.cells]
    draft = np.concatenate([np.full(len(c.strands), number) for number, c in cells])
    strand = np.concatenate([c.strands for _, c in cells])
    weight = np.concatenate([c.weight for _, c in cells])
    bits = np.concatenate([(USE_FACTOR if c.kind == USE else 1.0) * c.bits.sum(axis=1) for _, c in cells])
    # A strand stands once in a draft, with the most that any seed of its use made of it.
    order = np.lexsort((-bits, strand, draft))
    once = order[_first_of(draft[order] * np.int64(len(drafts.strands)) + strand[order])]
    value = bits[once] * drafts.strands.calls[strand[once]]
    pairs, inverse = np.unique(
        drafts.number[strand[once]] * np.int64(len(drafts.drafts)) + draft[once], return_inverse=True
    )
    most = np.zeros(len(pairs))
    np.maximum.at(most, inverse, weight[once])
    total = np.bincount(inverse, weights=value).astype(float)
    return pairs // len(drafts.drafts), pairs % len(drafts.drafts), total, most


def _first_of(ordered: Ints) -> Ints:
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else ordered


def absorb(drafts: Drafts) -> None:
    """Add to each draft the wording that hardly anybody else sends, and then who else sends it and is likely a member.

    A wording is the draft's own where OWN_SHARE of its senders are members, by more than chance, and where it says
    nothing against a harvest. Asked until nobody else comes in, for those who come in send wordings too.
    """
    before = np.empty(0, np.int64)
    while not np.array_equal(before, drafts.home):
        before = drafts.home.copy()
        _absorb(drafts)


def _absorb(drafts: Drafts) -> None:
    owned = _owned(drafts)
    for best, numbers in owned.items():
        draft = drafts.drafts[best]
        known = {(c.kind, c.value) for c in draft.cells} | set(draft.own)
        found = [(int(drafts.strands.cell_kind[n]), int(drafts.strands.cell_value[n])) for n in sorted(numbers)]
        draft.own += [content for content in found if content not in known]
        for cell in draft.cells:
            if cell.words >= FIRM_WORDS and drafts.strands.cell_number(cell.kind, cell.value) in numbers:
                accounts = drafts.number[_likely(cell)]
                drafts.home[accounts[drafts.home[accounts] < 0]] = best
        _admit(drafts, best, [n for n in sorted(numbers) if drafts.strands.cell_words[n] >= FIRM_WORDS])


def _admit(drafts: Drafts, best: int, numbers: list[int]) -> None:
    """Take in who sends several wordings that hardly anybody but the members sends: one may be found, not three."""
    first, last = (np.searchsorted(drafts.strands.cell, [n + step for n in numbers]) for step in (0, 1))
    rows = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
    sends = np.bincount(drafts.number[np.concatenate(rows)], minlength=len(drafts.known)) if rows else drafts.home * 0
    drafts.home[(drafts.home < 0) & (sends >= SEVERAL)] = best


def _owned(drafts: Drafts) -> dict[int, set[int]]:
    """Return, for each draft, the numbers of the cells that are its own."""
    strands, population = drafts.strands, drafts.population
    rows = np.flatnonzero(strands.cell_kind[strands.cell] != USE)
    homes = drafts.home[drafts.number[rows]]
    pair, held = np.unique(strands.cell[rows[homes >= 0]] * len(drafts.drafts) + homes[homes >= 0], return_counts=True)
    cell, draft = pair // len(drafts.drafts), pair % len(drafts.drafts)
    senders = np.bincount(strands.cell, minlength=len(strands.cell_kind))
    inside = drafts.home >= 0
    calls = population.calls[population.index(drafts.known)]
    share = np.bincount(drafts.home[inside], weights=calls[inside], minlength=len(drafts.drafts))
    chance = np.log2(np.maximum(share, 1.0) / population.calls.sum())
    good = (held >= OWN_SHARE * senders[cell]) & (-held * chance[draft] >= MIN_SEED_BITS)
    owned: dict[int, set[int]] = {}
    for number, best in zip(cell[good].tolist(), draft[good].tolist(), strict=True):
        if drafts.is_neutral(number):
            owned.setdefault(best, set()).add(number)
    return owned


def _likely(cell: Cell) -> Ints:
    return cell.strands if cell.likely is None else np.concatenate([cell.strands, cell.likely])


def dismiss(drafts: Drafts) -> None:
    """Let accounts of declared owners go that no address or paper holds: who declares itself hides nothing."""
    declared = drafts.population.entity[drafts.population.index(drafts.known)] != drafts.known
    held = np.zeros(len(drafts.known), bool)
    for draft in drafts.drafts:
        for cell in draft.cells:
            held[drafts.members(cell)[cell.own_bits[:, PERSONAL].sum(axis=1) >= HELD_BITS]] = True
    drafts.home[declared & ~held] = -1


def belongings(drafts: Drafts, number: int) -> tuple[Ints, Floats, list[Cell]]:
    """Return a draft's accounts in ascending order, the most that each is held by, and its cells without others."""
    accounts = np.flatnonzero(drafts.home == number)
    most = np.zeros(len(drafts.known))
    cells = []
    for cell in drafts.drafts[number].cells:
        np.maximum.at(most, drafts.members(cell), cell.bits.sum(axis=1))
        if cell.likely is not None and cell.likely_bits is not None:
            np.maximum.at(most, drafts.number[cell.likely], cell.likely_bits)
        inside = drafts.home[drafts.members(cell)] == number
        if inside.any():
            cells.append(part_of(cell, inside))
    return drafts.known[accounts], most[accounts], cells
