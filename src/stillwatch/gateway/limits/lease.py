"""This worker's part of a budget that a store shares out. Plain numbers; ``leaser.py`` talks to the store.

The store keeps the same ledger one step up: its level refills, and what it leased to workers is its holds. A worker
says how much it used in all (never "since last time", so that an answer that was lost on the way counts nothing twice)
and how much it wants to have; it gets at most that. A lease that its worker did not renew in time is booked as used.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

LEASE_SECONDS = 10.0
"""How long a lease lasts without a word from its worker. A crashed worker costs its lease once and leaks nothing."""
AHEAD_SECONDS = 2.0
"""A lease covers this much of recent use, so that most calls need no word with the store."""
HALF_SECONDS = 0.5
"""After so long half of the recent use is the newest: a lull gives tokens back soon."""
DRY_SECONDS, LONGEST_DRY_SECONDS = 0.05, 0.25
"""A budget that just had too little is not asked again before this: hammering a limit must not load the store."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the store is told and asked about one budget. Amounts in units of the budget, ``rate`` in units a second."""

    key: str
    rate: float
    burst: float
    used: float
    """By this worker, since it knows the budget."""
    acknowledged: float
    """How much of that the store has answered to."""
    had: float
    """The lease it then gave: if the store forgot this worker meanwhile, it has booked that as used."""
    want: float
    hint: float
    """The most that the store's level can be, as this worker knows it, for a store that has lost the budget."""
    need: float = 0.0
    """The part of ``want`` that calls wait for; not told to the store."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the store answered: the lease, what it has left for anyone, and its level, all leases included."""

    amount: float
    elsewhere: float
    level: float


class Lease:
    """The lease of one budget as this worker knows it. Times are seconds of the worker's monotonic clock."""

    __slots__ = (
        "acknowledged",
        "amount",
        "asked_at",
        "dry_until",
        "elsewhere",
        "last_need",
        "level",
        "need",
        "per_second",
        "used_at",
    )

    def __init__(self, *, now: float) -> None:
        self.amount = self.acknowledged = self.need = self.per_second = 0.0
        self.last_need = 0.0
        self.elsewhere = self.level = inf
        self.used_at = now
        self.asked_at = now
        self.dry_until = 0.0

    def request(
        self, key: str, *, rate: float, burst: float, used: float, held: float, workers: int, now: float
    ) -> Request:
        """Say what was used and ask for what is held, what calls wait for, and a little ahead."""
        ahead = 0.0
        if rate > 0.0:
            # An account in use keeps as much as its calls ask for at once, or each of them would have to wait.
            next_call = self.last_need if now - self.used_at < LEASE_SECONDS else 0.0
            ahead = min(max(self.per_second * AHEAD_SECONDS, next_call), burst / workers / 2)
        hint = self.level_by_now(rate=rate, burst=burst, now=now)
        return Request(
            key, rate, burst, used, self.acknowledged, self.amount, held + self.need + ahead, hint, self.need
        )

    def accept(self, request: Request, grant: Grant, *, sent_at: float) -> None:
        """Take note of an answer. The lease runs from before the question was sent, so the store's ends later."""
        if request.used != self.acknowledged:
            self.used_at = sent_at
        passed = sent_at - self.asked_at
        if passed > 0.0:
            newest = (request.used - self.acknowledged) / passed
            self.per_second += (1.0 - 0.5 ** (passed / HALF_SECONDS)) * (newest - self.per_second)
        if grant.amount < request.want:
            short = min(request.want - grant.amount, request.need)
            wait = short / request.rate if request.rate > 0.0 else DRY_SECONDS
            self.dry_until = sent_at + min(max(wait, DRY_SECONDS), LONGEST_DRY_SECONDS)
        self.amount, self.elsewhere, self.level = grant.amount, grant.elsewhere, grant.level
        self.acknowledged = request.used
        self.asked_at = sent_at
        # Calls that came after the question was sent still wait.
        self.need = max(0.0, self.need - request.need)

    def level_by_now(self, *, rate: float, burst: float, now: float) -> float:
        """Return the most that the store's level can be, leases of all workers included."""
        return min(burst, self.level + max(0.0, now - self.asked_at) * rate)

    def ask_for(self, amount: float) -> None:
        """Want ``amount`` for a call that waits."""
        self.need += amount
        self.last_need = amount

    def may_ask(self, now: float) -> bool:
        """Whether the store may have more by now."""
        return now >= self.dry_until

    def is_due(self, used: float, *, now: float) -> bool:
        """Whether there is something to say: use to report, a need, or a lease to renew."""
        return (
            self.need > 0.0
            or used != self.acknowledged
            or (self.amount > 0.0 and now - self.asked_at > LEASE_SECONDS / 3)
        )

    def is_idle(self, used: float) -> bool:
        """Whether nothing of it is leased, wanted or unreported."""
        return self.amount <= 0.0 and self.need <= 0.0 and used == self.acknowledged
