"""One budget: a level that refills, and holds that do not. Pure: the clock is passed in.

``level`` is what has not been used; ``holds`` is the part of it that open calls may still use. As holds never exceed
the level and the level never exceeds ``burst``, use in any T seconds is at most ``burst + rate * T``, however long
holds are kept and however late use is booked. (Taking tokens out and giving the rest back later has no such bound: the
level refills while they are out, and all of it comes back on top.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from stillwatch.gateway.limits.lease import Lease
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.settings import LimitRule

NOTHING = 1e-6
"""Holds are sums of floats: what is smaller than a millionth of a token is nothing."""
RETRY_STREAMS = 1.0
"""Seconds after which to ask again for a stream: when one ends is not known, and clients back off from there."""


class Source(StrEnum):
    """Where a budget's units come from at the moment."""

    OWN = "own"
    """Refilled here, at this worker's share."""
    LEASED = "leased"
    """Granted by the store."""
    OPEN = "open"
    """The store fails and the rule lets everything pass."""
    CLOSED = "closed"
    """The store fails and the rule lets nothing pass."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which budget it is: the rule's place in the settings, and whose budget."""

    rule: int
    level: Level
    unit: Unit
    subject: str
    """The account, organization, campaign or model; empty for the global one."""
    words: str = ""
    """Short hash of what the rule counts, so that another rule does not inherit its budget in a shared store."""

    def __str__(self) -> str:
        return f"{self.level}:{self.unit}:{self.words}:{self.subject}"


class Budget:
    """What one subject may use of one unit. ``rate`` is in units a second; streams have none.

    ``factor`` makes all of it smaller (an enforced lower_limits); ``share`` is the part that is this worker's own.
    """

    __slots__ = (
        *("at", "burst", "factor", "holds", "key", "lease", "level", "queue"),
        *("rate", "rule", "share", "source", "used", "waiting"),
    )

    def __init__(
        self, key: Key, rule: LimitRule, *, now: float, share: float = 1.0, lease: Lease | None = None
    ) -> None:
        self.key, self.rule, self.lease = key, rule, lease
        self.factor, self.share, self.at = 1.0, share, now
        self.holds = self.used = self.waiting = 0.0
        self.queue: dict[object, float] = {}
        """Paused streams, the longest waiting first, and what each lacks; ``waiting`` is their sum."""
        self.source = Source.OWN if lease is None else Source.LEASED
        self.rate = self.burst = 0.0
        self._resize()
        self.level = self.burst if lease is None else 0.0

    @property
    def whole_rate(self) -> float:
        """Return what the subject gets a second on all workers together."""
        return self.rule.per_minute / 60 * self.factor

    @property
    def whole_burst(self) -> float:
        """Return the subject's burst on all workers together; for streams, how many may be open."""
        return self._size(1.0)

    def _size(self, share: float) -> float:
        if self.key.unit is Unit.STREAMS:
            # A part of one stream would refuse everybody for ever.
            return max(1.0, self.rule.most * share * self.factor) if self.factor > 0.0 else 0.0
        return (self.rule.per_minute if self.rule.burst is None else self.rule.burst) * share * self.factor

    def _resize(self) -> None:
        own = self.source is Source.OWN
        self.rate = self.whole_rate * self.share if own else 0.0
        self.burst = self._size(self.share) if own else inf

    def refill(self, now: float) -> None:
        """Let time pass. A clock that jumps back gives nothing; one that jumps ahead fills the budget at most."""
        passed = now - self.at
        self.at = now
        if passed > 0.0 and self.level < self.burst:
            gained = passed * self.rate
            self.level = self.burst if gained > self.burst - self.level else self.level + gained

    def free(self) -> float:
        """Return what a new call may hold: paused streams come first."""
        return self.level - self.holds - self.waiting

    def seconds_until(self, amount: float) -> float:
        """Return how long the refill takes until ``amount`` more is free, if nobody else calls."""
        owed = min(self.lease.elsewhere, 0.0) if self.lease is not None else 0.0
        missing = amount - self.free() - owed
        if missing <= 0.0:
            return 0.0
        rate = self.whole_rate * self.share
        return min(missing, self._size(self.share)) / rate if rate > 0.0 else RETRY_STREAMS

    def charge(self, amount: float) -> None:
        """Count use that nothing was held for: the level may go below zero, by one burst at most.

        Without that floor a single wrong count could shut a subject out for hours.
        """
        self.level = max(self.level - amount, min(self.level, -self.whole_burst))
        self.used += amount

    def scale(self, factor: float, *, now: float) -> None:
        """Change the size from now on. A smaller budget spills, a larger one fills with time."""
        self.refill(now)
        before = self.burst
        self.factor = factor
        self._resize()
        if self.key.unit is Unit.STREAMS and self.source is Source.OWN:
            self.level += self.burst - before
        self.level = min(self.level, self.burst)

    def draw_from(self, source: Source, *, now: float, share: float) -> None:
        """Change where the units come from. A lease is kept; an open budget has everything, a closed one nothing."""
        self.refill(now)
        self.source, self.share = source, share
        self._resize()
        if source is Source.OWN:
            streams = self.key.unit is Unit.STREAMS
            self.level = self.burst if streams or self.level == inf else min(max(self.level, -self.burst), self.burst)
        elif source is not Source.LEASED:
            self.level = inf if source is Source.OPEN else -inf

    def part_of_what_is_left(self, share: float, *, now: float) -> float:
        """Return this worker's share of what the store last said was left, less what it used since."""
        if self.lease is None:
            return self.level
        left = self.lease.level_by_now(rate=self.whole_rate, burst=self.whole_burst, now=now)
        return left * share - (self.used - self.lease.acknowledged)

    def is_as_new(self, now: float) -> bool:
        """Whether forgetting it changes nothing: all of it is there, and nothing is held, waited for or unreported."""
        self.refill(now)
        if self.holds > NOTHING or self.queue:
            return False
        if self.lease is not None:
            return self.source is Source.LEASED and self.lease.is_idle(self.used)
        return self.level >= self.burst - NOTHING
