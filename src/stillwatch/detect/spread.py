"""How unlike wordings are in who sends them, beyond what drawing senders at random would make of it.

People whom one pool of accounts carries have habits in common, so the members' share of the senders is not the same for
every wording. The share is taken to be drawn anew for each wording, from a beta distribution: the number of members
among its senders is then beta-binomial (Skellam 1948).
"""

from __future__ import annotations

import numpy as np

from stillwatch.detect.strands import Floats

USUAL = 0.95
"""Wordings that are looked at, those first whose senders are most as expected: of the others some are a campaign's own
that was not found, and would make anything look usual."""
MAX_SPREAD = 0.9
"""At one, a wording would be either all members' or none's."""


def find_spread(members: Floats, senders: Floats, share: float) -> float:
    """Return how alike the senders of one wording are (intraclass correlation), 0 where they are as drawn at random.

    ``share`` is the members' share of the senders of all wordings. By moments (Williams 1982): Pearson's statistic of
    n senders is 1 + (n - 1) times the correlation, on average.
    """
    if not len(senders):
        return 0.0
    pearson = (members - share * senders) ** 2 / (senders * share * (1.0 - share))
    last = int(USUAL * (len(pearson) - 1))
    usual = pearson <= np.partition(pearson, last)[last]
    return float(np.clip((pearson[usual] - 1.0).sum() / max(1.0, (senders[usual] - 1.0).sum()), 0.0, MAX_SPREAD))


def tail_bits(members: int, senders: int, share: float, spread: float) -> float:
    """Return how surprising it is that so many of the senders are members: minus log2 of the chance of as many or more.

    ``spread`` is above 0 (``find_spread``); ``share`` is between 0 and 1.
    """
    strength = 1.0 / spread - 1.0
    ours, others = share * strength, (1.0 - share) * strength
    drawn = np.arange(senders)
    none = np.log((others + drawn) / (strength + drawn)).sum()
    steps = np.log((senders - drawn) / (drawn + 1.0) * (ours + drawn) / (others + senders - drawn - 1.0))
    chance = (none + np.concatenate([[0.0], np.cumsum(steps)]))[members:]
    most = chance.max()
    return float(-(most + np.log(np.exp(chance - most).sum())) / np.log(2.0))
