"""What the limiter says of itself, for ``/healthz`` and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


class Observer(Protocol):
    """Who is told what the limiter does. Each method returns at once and raises nothing."""

    def store_mode(self, mode: Literal["shared", "failing"], reason: str) -> None:
        """Tell that the store answers again, or fails, and why."""

    def failed_open(self) -> None:
        """Tell that a call passed uncounted because the store fails and a rule says ``open``."""


class Silent:
    """An observer that tells nobody."""

    def store_mode(self, mode: Literal["shared", "failing"], reason: str) -> None:
        """Do nothing."""

    def failed_open(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """The limiter's state. Amounts are tokens, input and output together."""

    store: Literal["none", "shared", "failing"]
    workers: int
    """Known to the store when it last answered; without a store, as in the settings."""
    rules: Mapping[int, str]
    """While the store fails, what each rule does, by its place in the settings from 1: local, closed or open."""
    outstanding_leases: float
    """Of this worker: what could be given out twice if the store lost its memory now."""
    overshoot_bound: float
    """Of this worker: outstanding leases, and one block for each open call (docs/limits.md)."""
    open_holds: int
    budgets: int
    failed_open: int
    """Calls that passed uncounted since the start."""
    scripts: Literal["none", "evalsha", "eval"]
    """``eval``: the store refuses EVALSHA, so that every question carries the whole script."""
