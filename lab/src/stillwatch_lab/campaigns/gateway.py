"""The gateway's own policy and limiter, asked call by call at times that a simulated clock gives.

Nothing of either is written anew: ``decide``, ``enforce`` and ``Limits`` are the ones that the proxy uses, in its
order (``gateway/admission.py``). What is simulated is time, and callers who do as they are told and come back.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from stillwatch.gateway.call import weight_of
from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.effects import Enforced, enforce
from stillwatch.gateway.estimate import FIRST_HOLD
from stillwatch.gateway.limits.limiter import Limits
from stillwatch.gateway.nouns import UNKNOWN, Caller, Standing
from stillwatch.gateway.policy import Rules, decide
from stillwatch.gateway.ports import Cost, Hold, LimitExceeded, Subjects
from stillwatch.gateway.settings import LimitRule, Weights
from stillwatch_lab.campaigns.offered import Call

LOOK_AGAIN_SECONDS = 60.0
"""A paused stream asks the limiter again no sooner: the gateway's second would be millions of questions."""
COME_BACK_SECONDS = 900.0
"""Whoever is told to come back later does so after this at the earliest, again and again."""
PATIENCE = 2_000
"""Attempts before a caller gives a call up: three weeks of quarter hours, longer than what is simulated."""


class Admitted(NamedTuple):
    """A call that the gateway let through: when it began, and whether it is done and with its reasoning."""

    call: Call
    at: float


@dataclass
class Tally:
    """What became of the calls of one side."""

    counts: Counter[str] = field(default_factory=Counter)
    """answered; of these ``without_reasoning``; refused; delayed (attempts that a budget had no room for)."""
    late_seconds: float = 0.0
    """Sum over answered calls of how much later than offered they ended."""


class _Open(NamedTuple):
    call: Call
    hold: Hold
    enforced: Enforced
    captured: bool
    began: float


@dataclass
class SimulatedGateway:
    """One worker. ``rules`` decide, ``limits`` count; ``standings`` is what the last scan said, by account."""

    rules: Rules
    limit_rules: tuple[LimitRule, ...]
    callers: Mapping[str, Caller]
    start: float
    standings: dict[str, Standing] = field(default_factory=dict)
    now: float = field(init=False)
    admitted: list[Admitted] = field(default_factory=list)
    harvest: Tally = field(default_factory=Tally)
    others: Tally = field(default_factory=Tally)
    """Of calls that bring the harvester nothing: innocents', its own cover, its own that fail."""

    def __post_init__(self) -> None:
        self.now = self.start
        self._limits = Limits(self.limit_rules, clock=lambda: self.now)
        self._events: list[tuple[float, int, Call | _Open, int]] = []
        self._numbers = count()
        self._busy_until: dict[str, float] = {}

    def offer(self, calls: list[Call]) -> None:
        """Take calls that will be made."""
        for call in calls:
            self._at(call.at, call)

    def learn(self, standings: Mapping[str, Standing]) -> None:
        """Take over a scan's findings, and charge campaigns with what their members used just now."""
        for account, standing in standings.items():
            before = self.standings.get(account, UNKNOWN)
            if standing.campaign is not None and standing.campaign != before.campaign:
                self._limits.join_campaign(account, standing.campaign)
        self.standings = dict(standings)

    async def run_until(self, end: float) -> None:
        """Let everything happen that happens before ``end``."""
        while self._events and self._events[0][0] < end:
            at, _, what, attempts = heapq.heappop(self._events)
            self.now = max(self.now, at)
            if isinstance(what, _Open):
                self._go_on(what)
            else:
                await self._arrive(what, attempts)
        self.now = max(self.now, end)

    async def _arrive(self, call: Call, attempts: int) -> None:
        """Do what ``gateway/admission.py`` does: decide, enforce, hold."""
        free_at = self._busy_until.get(call.account, 0.0)
        if call.harvest and free_at > self.now:
            self._at(free_at, call, attempts)  # a harness has one call open on a key
            return
        caller = self.callers.get(call.account) or Caller(call.account)
        standing = self.standings.get(call.account, UNKNOWN)
        decision = decide(self.rules, caller, call.ask, standing, now=self.now)
        tally = self._tally(call)
        try:
            enforced = enforce(decision, verification_url="", appeal_url="")
            hold = await self._limits.admit(
                Subjects(call.account, caller.organization, standing.campaign, call.ask.model, caller.plan),
                _cost(call, enforced.limit_factor),
            )
        except Refusal:
            tally.counts["refused"] += 1
        except LimitExceeded as full:
            tally.counts["delayed"] += 1
            if attempts < PATIENCE:
                self._at(self.now + max(full.retry_after_seconds, COME_BACK_SECONDS), call, attempts + 1)
        else:
            self.admitted.append(Admitted(call, self.now))
            hold.settle_input(call.input_tokens)
            self._go_on(_Open(call, hold, enforced, captured=False, began=self.now))

    def _go_on(self, it: _Open) -> None:
        """Hand output on, or wait for room; then let the answer take its time, longer where it is paced."""
        pause = it.hold.capture(0.0 if it.captured else it.call.output_tokens)
        if pause > 0.0:
            self._at(self.now + max(pause, LOOK_AGAIN_SECONDS), it._replace(captured=True))
            return
        it.hold.release()
        seconds = it.call.seconds
        if it.enforced.pace:
            seconds = max(seconds, it.call.output_tokens / it.enforced.pace)
        ends = max(self.now, it.began + seconds)
        self._busy_until[it.call.account] = ends
        tally = self._tally(it.call)
        tally.counts["answered"] += 1
        tally.counts["without_reasoning"] += it.enforced.withholds_reasoning
        tally.late_seconds += max(0.0, ends - it.call.at - it.call.seconds)

    def _tally(self, call: Call) -> Tally:
        return self.harvest if call.harvest else self.others

    def _at(self, at: float, what: Call | _Open, attempts: int = 0) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), what, attempts))


def _cost(call: Call, limit_factor: float) -> Cost:
    """Estimate as the gateway does, but the input from what the log counted: there is no body to measure."""
    ceiling = FIRST_HOLD if call.ask.max_output_tokens is None else min(call.ask.max_output_tokens, FIRST_HOLD)
    return Cost(
        input_tokens=call.input_tokens,
        output_hold=float(ceiling * call.ask.n),
        stream=True,
        weight=weight_of(call.ask, Weights()),
        limit_factor=limit_factor,
    )
