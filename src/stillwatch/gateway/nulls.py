"""Neighbours that do nothing, where a gateway runs without one: no limits, no rules, no scan, no journal."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.gateway.nouns import ALLOWED, UNKNOWN, Ask, Caller, Decision, Standing, Unit
from stillwatch.gateway.ports import Cost, Headroom, Hold, Subjects


class NoHold:
    """Holds nothing."""

    def capture(self, output_tokens: float) -> float:
        """Never pause."""
        del output_tokens
        return 0.0

    def settle_input(self, input_tokens: float) -> None:
        """Count nothing."""

    def release(self) -> None:
        """Give nothing back."""

    def headroom(self) -> Mapping[Unit, Headroom]:
        """There are no budgets."""
        return {}


class NoLimits:
    """Admits everything."""

    async def admit(self, subjects: Subjects, cost: Cost) -> Hold:
        """Hold nothing."""
        del subjects, cost
        return NoHold()

    def join_campaign(self, account: str, campaign: str) -> None:
        """Carry nothing along."""


class NoStandings:
    """No scan has listed anyone."""

    def of(self, account: str) -> Standing:
        """Return that nothing is known."""
        del account
        return UNKNOWN


class NoRules:
    """Allows everything."""

    def decide(self, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
        """Return that no rule applied."""
        del caller, ask, standing, now
        return ALLOWED


class NoJournal:
    """Writes nothing."""

    def admit(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write nothing."""

    def finish(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write nothing."""

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        """Write nothing."""


class NoKeys:
    """Knows nobody."""

    def find(self, credential: str) -> Caller | None:
        """Return nobody."""
        del credential
        return None

    def is_current(self, caller: Caller) -> bool:
        """Nobody was ever found."""
        del caller
        return False


class OneKey:
    """Knows one credential."""

    def __init__(self, credential: str, caller: Caller) -> None:
        self._credential, self._caller = credential, caller

    def find(self, credential: str) -> Caller | None:
        """Return the one caller for the one credential."""
        return self._caller if credential == self._credential else None

    def is_current(self, caller: Caller) -> bool:
        """Whether this is the one caller."""
        return caller is self._caller
