"""What one admitted call holds, as the relay sees it: every method is synchronous and takes microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stillwatch.gateway.limits.headroom import account_headroom
from stillwatch.gateway.limits.plan import Plan
from stillwatch.gateway.nouns import Unit
from stillwatch.gateway.ports import Cost, Headroom

BLOCK = 512.0
"""Output tokens a hold is topped up by: 5 to 10 seconds of a stream. Larger blocks would idle in holds."""


class Bookkeeper(Protocol):
    """The ledger, as a hold knows it."""

    def now(self) -> float:
        """Return the time, in seconds of a monotonic clock."""

    def top_up(self, held: Held) -> float:
        """Take the next block; return seconds to pause."""

    def settle_input(self, held: Held, input_tokens: float) -> None:
        """Charge the input as counted."""

    def release(self, held: Held) -> None:
        """End the call."""


class Held:
    """What one admitted call holds of its output budgets, in weighted tokens.

    ``held`` is what the budgets hold for it, ``left`` how much of that is not delivered yet; below zero, what it lacks.
    """

    __slots__ = (
        *("_books", "block", "estimate", "held", "input_held", "is_open"),
        *("left", "plan", "stream", "weight"),
    )

    def __init__(self, books: Bookkeeper, plan: Plan, cost: Cost, input_held: float, output_held: float) -> None:
        self._books, self.plan, self.weight = books, plan, cost.weight
        self.estimate, self.input_held = cost.input_tokens, input_held
        self.left = self.held = output_held
        self.block = BLOCK if output_held >= 2 * BLOCK else output_held / 2
        self.stream = cost.stream
        self.is_open = True

    def capture(self, output_tokens: float) -> float:
        """Count output; return how many seconds to pause before handing it on (0.0 = go on).

        After a pause, call ``capture(0.0)`` before handing it on: it says whether the tokens are there now. Who does
        not ask again hands on at most what it just captured, and its next pause is longer by that.
        """
        self.left -= output_tokens * self.weight
        if self.left >= self.block and self.is_open:
            return 0.0
        return self._books.top_up(self)

    def settle_input(self, input_tokens: float) -> None:
        """Replace the estimate of the input by what was counted; 0 where no server took the call."""
        self._books.settle_input(self, input_tokens)

    def release(self) -> None:
        """Give back what was held and not used; what had to wait is charged. May be called twice."""
        self._books.release(self)

    def headroom(self) -> Mapping[Unit, Headroom]:
        """Return the tightest budgets of the account's own level, never another's."""
        return account_headroom(self.plan, now=self._books.now())
