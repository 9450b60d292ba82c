"""SynchroTrap (CCS 2014): accounts that keep doing the same thing in the same hours.

Likeness = Jaccard of (target, time bucket) actions. The target here is the structure of the prompt (its first
50 characters), the bucket one hour; pairs at 0.5 or more are joined (single linkage); our smallest group is
five (Facebook's was 200, of hundreds of millions of accounts). Accounts with fewer than three actions are
left out: any two of them are alike by chance.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array

from benchmarks.peers import Verdict
from benchmarks.peers.aegisgate import structure
from benchmarks.peers.linking import Links
from benchmarks.traffic import Traffic

NAME = "SynchroTrap-style"
LIKENESS = 0.5
LEAST_ACCOUNTS = 5
LEAST_ACTIONS = 3


def accuse(traffic: Traffic) -> Verdict:
    """Accuse groups of accounts whose actions coincide."""
    number: dict[tuple[str, int], int] = {}
    hours = traffic.hour.tolist()
    keys = ((structure(text), hour) for text, hour in zip(traffic.texts, hours, strict=True))
    actions = np.array([number.setdefault(key, len(number)) for key in keys])
    pairs = np.unique(np.stack([traffic.code, actions]), axis=1)
    held = np.bincount(pairs[0], minlength=len(traffic.names))
    pairs = pairs[:, held[pairs[0]] >= LEAST_ACTIONS]
    ones = np.ones(pairs.shape[1], dtype=np.int32)
    table = coo_array((ones, (pairs[0], pairs[1])), shape=(len(traffic.names), len(number))).tocsr()
    shared = (table @ table.T).tocoo()
    left, right = shared.coords
    likeness = shared.data / (held[left] + held[right] - shared.data)
    links = Links(len(traffic.names))
    alike = (likeness >= LIKENESS) & (left < right)
    for pair in zip(left[alike].tolist(), right[alike].tolist(), strict=True):
        links.join(pair)
    groups = tuple(traffic.named(group) for group in links.groups(least=LEAST_ACCOUNTS))
    return Verdict(frozenset().union(*groups), groups)
