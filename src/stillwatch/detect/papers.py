"""Drafts whose accounts were bought with the same papers are one operator's, whatever each of them sends.

A pool of accounts may send many wordings of which each account sends one only: then nothing that is sent holds the
wordings together. Addresses do not tell, for two operators may rent one proxy pool; cards, devices and own mail domains
do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from stillwatch.detect.columns import among
from stillwatch.detect.drafts import Drafts
from stillwatch.detect.kinship import MAX_DRAFTS, MIN_SHARED
from stillwatch.detect.merging import OWN_SHARE
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import Ints
from stillwatch.records import Family

MIN_VALUES = 3
"""Papers that two drafts hold in common before they are one: one may be a company's card, two a slip in the data."""

Pair = tuple[int, int]


def unite_by_papers(drafts: Drafts, observed: Sequence[Observed]) -> None:
    """Make one of drafts where MIN_SHARED of each one's accounts hold a paper that accounts of the other hold too.

    A paper counts where OWN_SHARE of all accounts that hold it are in drafts, and MIN_VALUES of them must be common.
    """
    held = [held_in_drafts(drafts, o, OWN_SHARE) for o in observed if o.signal.family is Family.IDENTITY]
    while pairs := _pairs(drafts, held):
        for first, second in pairs:
            drafts.home[drafts.home == second] = first
            drafts.drafts[first].cells += drafts.drafts[second].cells
            drafts.drafts[second].cells = []
        drafts.recount()


def held_in_drafts(drafts: Drafts, observed: Observed, least: float) -> list[Ints]:
    """Return the holders in drafts of each value of a signal of which at least this share of all holders are."""
    seen, outside = observed.strands, observed.background
    account = drafts.number[seen.unit]
    ours = drafts.home[account] >= 0
    wanted = np.unique(seen.observable[ours])
    mine = among(seen.observable, wanted)
    theirs = among(outside.observable, wanted)
    at = np.searchsorted(drafts.known, outside.unit[theirs]).clip(0, max(0, len(drafts.known) - 1))
    # An account without strands is in no draft: it gets a number that no other has.
    fresh = len(drafts.known) + np.arange(len(at))
    others = np.where(drafts.known[at] == outside.unit[theirs], at, fresh)
    value = np.concatenate([seen.observable[mine], outside.observable[theirs]])
    account = np.concatenate([account[mine], others])
    order = np.lexsort((account, value))
    value, account = value[order], account[order]
    once = np.ones(len(value), bool)
    once[1:] = (value[1:] != value[:-1]) | (account[1:] != account[:-1])
    value, account = value[once], account[once]
    inside = np.append(drafts.home >= 0, False)[np.minimum(account, len(drafts.known))]
    _, code, holders = np.unique(value, return_inverse=True, return_counts=True)
    members = np.bincount(code, weights=inside, minlength=len(holders))
    kept = inside & ((members >= 2.0) & (members >= least * holders))[code]
    return np.split(account[kept], np.flatnonzero(np.diff(code[kept])) + 1)


def _pairs(drafts: Drafts, held: Sequence[Sequence[Ints]]) -> list[Pair]:
    """Return pairs of drafts to unite, each draft in one pair at most."""
    holds: dict[Pair, list[Ints]] = defaultdict(list)
    for accounts in (one for values in held for one in values):
        near, count = drafts.counts(accounts)
        present = np.sort(near[np.argsort(-count, kind="stable")[:MAX_DRAFTS]])
        for first, second in combinations(present.tolist(), 2):
            home = drafts.home[accounts]
            holds[first, second].append(accounts[(home == first) | (home == second)])
    found, taken = [], set[int]()
    for pair, values in sorted(holds.items()):
        if len(values) < MIN_VALUES or taken & set(pair):
            continue
        home = drafts.home[np.unique(np.concatenate(values))]
        if all((home == number).sum() >= MIN_SHARED * drafts.sizes[number] for number in pair):
            found.append(pair)
            taken |= set(pair)
    return found
