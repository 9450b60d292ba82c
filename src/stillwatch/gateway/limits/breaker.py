"""When to stop asking a store that does not answer, and when to try again. Pure: the clock is passed in."""

from __future__ import annotations

FAILURES = 3
"""In a row: one lost answer is no outage; with the store's default time-out, three take 0.15 s."""
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 5.0
"""Doubling from the first: an outage is noticed to be over within this."""


class Breaker:
    """Closed while the store answers; open after some failures in a row; lets one question through now and then."""

    def __init__(self) -> None:
        self.is_open = False
        self.failures = 0
        self._retry_at = 0.0
        self._retry_seconds = FIRST_RETRY_SECONDS

    def may_try(self, now: float) -> bool:
        """Whether the store may be asked now."""
        return not self.is_open or now >= self._retry_at

    def succeed(self) -> bool:
        """Note an answer; return whether it ended an outage."""
        ended = self.is_open
        self.is_open, self.failures, self._retry_seconds = False, 0, FIRST_RETRY_SECONDS
        return ended

    def fail(self, now: float) -> bool:
        """Note that no answer came; return whether an outage begins with it."""
        self.failures += 1
        if self.failures < FAILURES:
            return False
        begins = not self.is_open
        self.is_open = True
        self._retry_at = now + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)
        return begins
