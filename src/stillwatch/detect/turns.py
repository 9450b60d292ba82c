"""Accounts that take turns with many wordings of one request, whatever else they share.

Where each account has an address, a card and a client of its own, nothing but content links the accounts of a
paraphrased campaign. But each of them sends several of its wordings, and hardly anybody else sends one: wordings whose
senders are the same accounts, far beyond chance, are one operator's or one program's. Which of both is for the two
questions to say (``questions.py``, ``distillation.py``); here such accounts become members without any other link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.detect.chance import excess_bits
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.group import MANY_WORDINGS, MIN_TURNS
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.strands import MIN_ENTITIES, USE, Ints, Population, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS

CORE_SHARE = 0.5
"""An account surely takes turns where it sends this share of the wordings that most strands' accounts send: then its
set has the wordings of which OWN_SHARE of the strands are such accounts'."""
MIN_PAIR_BITS = 7.0
"""Two wordings are of one set where so many send both that chance would show it in one pair of a hundred: a set needs
several pairs, and must pass what follows."""
MIN_COMMON = 2
"""and more than one."""
MIN_EXPECTED, MAX_TOGETHER = 10.0, 0.25
"""Where so many accounts would send both of two wordings if turns were all, and not this share of them do, they are of
two sets (of ten, two or fewer come by chance in one pair of three hundred);"""
MAX_PARTED = 256
"""looked for among so many wordings of a set, the most sent."""
MAX_SEEDS = 1_000
"""Wordings that ask for a harvest from which sets are grown, those with the most senders first,"""
MAX_SENDERS = 500
"""and senders of each that are looked at: they bound the time."""


def find_turns(strands: Strands, population: Population) -> Ints:
    """Return for each strand the number of the set of wordings with which its account takes turns, -1 for none.

    A set grows from wordings that ask for a harvest to those that say nothing against one. It has MANY_WORDINGS at
    least; its accounts send MIN_TURNS of them each.
    """
    found = np.full(len(strands), -1)
    wording = strands.cell_kind != USE
    size = np.bincount(strands.cell, minlength=len(wording))
    seeds = np.flatnonzero(wording & _asks(strands) & (size >= MIN_ENTITIES))
    seeds = seeds[np.lexsort((seeds, -size[seeds]))][:MAX_SEEDS]
    if not len(seeds):
        return found
    drafts = Drafts.start(strands, population)
    fit = wording & drafts.are_neutral
    companions = _Companions.of(drafts, size)
    label = np.arange(len(size))
    for seed in seeds.tolist():
        near = companions.of_wording(seed)
        joined = np.unique(label[np.append(near[fit[near]], seed)])
        label[np.isin(label, joined)] = joined[0]
    for number in np.unique(label[seeds]).tolist():
        cells = np.flatnonzero(label == number)
        while len(rows := _kept(cells, drafts)):
            for part in _parts(np.unique(strands.cell[rows]), rows, drafts):
                mine = _kept(part, drafts)
                if _owners(mine, strands, population) >= MIN_ENTITIES:
                    found[mine] = part[0]
            cells = np.setdiff1d(cells, strands.cell[rows])
    return found


@dataclass(frozen=True)
class _Companions:
    """Which wordings the senders of one send too. The strands stand in ``rows`` account by account."""

    drafts: Drafts
    size: Ints
    rows: Ints
    bounds: Ints

    @classmethod
    def of(cls, drafts: Drafts, size: Ints) -> _Companions:
        rows = np.argsort(drafts.number, kind="stable")
        bounds = np.searchsorted(drafts.number[rows], np.arange(len(drafts.known) + 1))
        return cls(drafts, size, rows, bounds)

    def of_wording(self, cell: int) -> Ints:
        """Return the cells that a wording's senders are in more often than chance would have it."""
        # Accounts stand in the order of a keyed hash, so the first are drawn at random.
        senders = self.drafts.number[self.drafts.strands.of_cells(np.array([cell]))][:MAX_SENDERS]
        first = self.bounds[senders]
        counts = self.bounds[senders + 1] - first
        rows = self.rows[np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())]
        cells, common = np.unique(self.drafts.strands.cell[rows], return_counts=True)
        share = len(senders) / (len(self.drafts.population.account) + 1.0)
        bits = excess_bits(common.astype(float), self.size[cells].astype(float), share)
        near: Ints = cells[(common >= MIN_COMMON) & (bits >= MIN_PAIR_BITS)]
        return near


def _asks(strands: Strands) -> npt.NDArray[np.bool_]:
    return strands.cell_wording >= HARVEST_CENTIBITS / 100


def _owners(rows: Ints, strands: Strands, population: Population) -> int:
    return len(np.unique(population.entity[population.index(strands.account[rows])]))


def _kept(cells: Ints, drafts: Drafts) -> Ints:
    """Return the strands of those of these wordings that one set of accounts takes turns with; none if they are few.

    Who takes turns is first asked strictly, for an account of a pool also carries a wording or two of other people's
    sets, and its strands would chain one set to another.
    """
    strands = drafts.strands
    while len(cells) >= MANY_WORDINGS:
        rows = strands.of_cells(cells)
        account = drafts.number[rows]
        sends = np.bincount(account, minlength=len(drafts.known))[account]
        core = sends >= max(MIN_TURNS, CORE_SHARE * float(np.median(sends)))
        place = np.searchsorted(cells, strands.cell[rows])
        stays = np.bincount(place, weights=core) >= OWN_SHARE * np.bincount(place)
        if stays.all():
            taken: Ints = rows[core]
            return taken
        cells = cells[stays]
    return np.empty(0, np.int64)


def _parts(cells: Ints, rows: Ints, drafts: Drafts) -> list[Ints]:
    """Part wordings that accounts keep from sending together, though so many send each that it would have happened.

    Two campaigns may send one thing both, a common example say, which makes one set of them. Each wording goes to the
    part with whose wordings it has most in common, the most sent first; parts of fewer than MANY_WORDINGS are left out.
    """
    place = np.searchsorted(cells, drafts.strands.cell[rows])
    largest = np.argsort(-np.bincount(place), kind="stable")[:MAX_PARTED]
    column = np.full(len(cells), -1)
    column[largest] = np.arange(len(largest))
    accounts, account = np.unique(drafts.number[rows], return_inverse=True)
    chosen = column[place] >= 0
    sends = np.zeros((len(accounts), len(largest)), np.float32)
    sends[account[chosen], column[place[chosen]]] = 1.0
    together, senders = sends.T @ sends, sends.sum(axis=0)
    expected = np.outer(senders, senders) / len(accounts)
    apart = (expected >= MIN_EXPECTED) & (together < MAX_TOGETHER * expected)
    if not apart.any():
        return [cells]
    parts: list[list[int]] = []
    for one in range(len(largest)):
        fit = [p for p in parts if not apart[one, p].any()]
        if fit:
            max(fit, key=lambda p: (together[one, p] / expected[one, p]).mean()).append(one)
        else:
            parts.append([one])
    return [np.sort(cells[largest[p]]) for p in parts if len(p) >= MANY_WORDINGS]
