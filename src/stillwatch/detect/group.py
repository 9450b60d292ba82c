"""A group: a candidate campaign before any question is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stillwatch.detect.cells import Cell, are_linked
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import Floats, Ints
from stillwatch.records import Family


@dataclass(frozen=True)
class Sent:
    """What the accounts of a group send in templates, and who else does (``senders.see_senders``)."""

    words: float = 0.0
    """Words that its templates fix, on average over the calls,"""
    covered: float = 0.0
    """and the share of its calls that send one."""
    wording: float | None = None
    """How much of a harvest its templates' own wording is, on average over the calls (bits); None if it has none."""
    wordings: int = 0
    """Templates that its accounts send and hardly anybody else does."""
    own_share: float = 1.0
    """Share of its accounts among all who send its templates, by calls; 1 where it has none."""
    commonest: tuple[int, int] = (0, 0)
    """Of its accounts, how many send the template that most of its calls have, and in how many calls."""
    turns: float = 0.0
    """Of these wordings, how many an account sends on average."""
    calls: float = 0.0
    """Its accounts' calls in its contents; one that is in several counts in each."""


OPENLY_SHARED = frozenset({"payment", "email_domain"})
OPEN_SHARE = 0.8
"""Share of a group that one card or domain holds where nothing is hidden; rings have a card for some accounts each."""


SERVERS = frozenset({"address", "prefix"})
SERVER_SHARE = 0.5
"""Share of the members that call through the commonest server, if one back end calls for all: it deals calls out, so
nearly everybody with as many calls as there are servers has met each. Of a proxy pool each account meets a part."""


MANY_WORDINGS = 5
"""Templates that take turns from which on they are no tool's: this is more than one tool and its parts have."""


MIN_LINKED = 0.5
"""Share of a group's strands that are linked, from which on they speak for all: fewer were picked, for they agree."""
MIN_TURNS = 2
"""Wordings that an account must send to take turns: one is no turn."""


@dataclass
class Group:
    """A candidate campaign."""

    accounts: Ints
    match_weight: Floats
    cells: list[Cell] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)
    """The (kind, value) of further contents, which hardly anybody but its accounts sends."""
    sent: Sent = field(default_factory=Sent)
    """What its accounts send, and who else does."""
    tied: float = 1.0
    """Share of its accounts in the largest set that addresses and papers tie together (``ties.tied_shares``)."""

    @property
    def contents(self) -> list[tuple[int, int]]:
        """The (kind, value) of its cells and of what is its own."""
        return sorted({(c.kind, c.value) for c in self.cells} | set(self.own))


def is_open(group: Group) -> bool:
    """Whether its accounts do not hide that they belong together: nearly all have one payer or one e-mail domain.

    The domain must be one that hardly anybody else has.
    """
    held = [o for c in group.cells for o in c.observables if o[0] in OPENLY_SHARED]
    return any(holders >= OPEN_SHARE * len(group.accounts) > 10 * elsewhere for _, _, _, holders, elsewhere, _ in held)


def has_one_back_end(group: Group) -> bool:
    """Whether the members call through the same few servers, as the customers of one vendor do."""
    held = max((o[3] for c in group.cells for o in c.observables if o[0] in SERVERS), default=0.0)
    return held >= SERVER_SHARE * len(group.accounts)


def take_turns(group: Group, *, calls: int) -> bool:
    """Whether most accounts send the commonest template or several, and yet few of the group's calls have that one.

    Then each takes turns with many, as a harvest does that asks for one thing in many ways. One program has one or two
    templates; where each customer has a template of its own, none is most accounts' and each sends one.
    """
    holders, sent = group.sent.commonest
    several = 2 * holders >= len(group.accounts) or group.sent.turns >= MIN_TURNS
    return several and 0 < MANY_WORDINGS * sent <= calls


def mean_bits(cells: Sequence[Cell]) -> tuple[Floats, float]:
    """Average the match weight over the strands of these cells, each entity once.

    Over those that families other than content make members, where these are most: who takes turns besides is held by
    what it sends. Returns the weight by family without what only says which program the accounts use, and that part,
    all families together.
    """
    weight = np.concatenate([c.weight for c in cells])
    own, every = np.concatenate([c.own_bits for c in cells]), np.concatenate([c.bits for c in cells])
    linked = np.concatenate([are_linked(c.bits, c.probability) if c.turns >= 0 else c.weight > 0.0 for c in cells])
    if weight[linked].sum() >= MIN_LINKED * weight.sum():
        weight, own, every = weight[linked], own[linked], every[linked]
    own, every = np.average(own, axis=0, weights=weight), np.average(every, axis=0, weights=weight)
    others = [f is not Family.CONTENT for f in FAMILIES]
    return own, float((every - own)[others].sum())
