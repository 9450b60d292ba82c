"""How many of a group's accounts addresses and papers tie to each other, directly or through other accounts.

Three companies that run one published test are each held by papers of its own, and so is every account of the three;
nothing ties one company to another. The accounts of a ring are tied across: who shares a card shares an address with
somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stillwatch.detect.columns import among, numbered
from stillwatch.detect.group import Group
from stillwatch.detect.kinship import MIN_EXCLUSIVE, PERSONAL_FAMILIES
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import Floats, Ints, Strands


def tied_shares(groups: Sequence[Group], strands: Strands, observed: Sequence[Observed]) -> list[float]:
    """Return for each group the share of its accounts in its largest set that addresses and papers tie together.

    No account is in two groups. A value ties where at least MIN_EXCLUSIVE of all who hold it are in the group.
    """
    if not groups:
        return []
    member = np.concatenate([g.accounts for g in groups])
    order = np.argsort(member)
    member, group = member[order], np.repeat(np.arange(len(groups)), [len(g.accounts) for g in groups])[order]
    personal = [o for o in observed if o.signal.family in PERSONAL_FAMILIES and not o.signal.of_tool]
    ties = list(_ties(personal, strands, member, group))
    label = _components(len(member), ties)
    largest = np.zeros(len(groups))
    np.maximum.at(largest, group, np.bincount(label, minlength=len(member))[label])
    share: Floats = largest / np.bincount(group, minlength=len(groups))
    return [float(s) for s in share]


def _ties(observed: Sequence[Observed], strands: Strands, member: Ints, group: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield, for each signal, rows (number of the account, code of a value that ties accounts of one group)."""
    ours = among(strands.account, member)
    for one in observed:
        wanted = np.unique(one.strands.observable[ours[one.strands.unit]])
        mine, theirs = among(one.strands.observable, wanted), among(one.background.observable, wanted)
        account = np.concatenate([strands.account[one.strands.unit[mine]], one.background.unit[theirs]])
        value = np.concatenate([one.strands.observable[mine], one.background.observable[theirs]])
        _, code = numbered(value)
        accounts, number = numbered(account)
        # Each pair once; one number sorts many times faster than two.
        code, number = np.divmod(np.unique(code * np.int64(max(1, len(accounts))) + number), max(1, len(accounts)))
        holders = np.bincount(code)
        at = np.searchsorted(member, accounts[number]).clip(0, len(member) - 1)
        inside = member[at] == accounts[number]
        at, code = at[inside], code[inside]
        shared, held = np.unique(code * np.int64(len(member)) + group[at], return_inverse=True)
        often = np.bincount(held)
        ties = (often >= MIN_EXCLUSIVE * holders[shared // len(member)])[held]
        yield at[ties], held[ties]


def _components(size: int, ties: Sequence[tuple[Ints, Ints]]) -> Ints:
    """Return for each account the least number among those tied to it, handed on until nothing changes."""
    label = np.arange(size)
    while True:
        before = label.copy()
        for account, value in ties:
            if len(account):
                least = np.full(value.max() + 1, size)
                np.minimum.at(least, value, label[account])
                np.minimum.at(label, account, least[value])
        if (label == before).all():
            return label
