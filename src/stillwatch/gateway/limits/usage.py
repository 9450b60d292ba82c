"""What one account used lately, and how its bytes turn into tokens. Pure: the clock is passed in."""

from __future__ import annotations

from stillwatch.gateway.nouns import Unit

WINDOW_SECONDS = 60.0
"""What a campaign takes over from an account that joins it: the window that the limits are written in."""
LEAST_FACTOR, MOST_FACTOR = 0.25, 8.0
"""Tokens per estimated token. Plain text is near 1; base64, rare scripts and one-letter words reach 4 to 6."""
FORGETTING = 0.1
"""How fast the factor falls. It rises at once: who sends dense text is not underestimated twice."""
CALLS, INPUT_TOKENS, OUTPUT_TOKENS = range(3)
PLACES = {Unit.CALLS: CALLS, Unit.INPUT_TOKENS: INPUT_TOKENS, Unit.OUTPUT_TOKENS: OUTPUT_TOKENS}
"""Where each unit is counted. Numbers, as hashing an enumeration's member takes longer than counting."""


class Usage:
    """One account's recent use by unit, in this window and the one before."""

    __slots__ = ("before", "campaign", "input_factor", "model", "now", "plan", "started_at")

    def __init__(self, *, now: float) -> None:
        self.started_at = now
        self.now, self.before = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        self.input_factor = 1.0
        self.plan = self.model = ""
        self.campaign: str | None = None

    def add(self, place: int, amount: float, now: float) -> None:
        """Count use of the unit at this place of ``PLACES``."""
        if now - self.started_at >= WINDOW_SECONDS:
            self._turn(now)
        self.now[place] += amount

    def recent(self, unit: Unit, *, now: float) -> float:
        """Return the use of the last minute: this window, and the part of the one before that is within a minute."""
        self._turn(now)
        passed = min(max(now - self.started_at, 0.0), WINDOW_SECONDS)
        place = PLACES[unit]
        return self.now[place] + self.before[place] * (1.0 - passed / WINDOW_SECONDS)

    def learn(self, estimated: float, counted: float) -> None:
        """Compare the tokens that the model server counted with the estimate that was made without the factor."""
        if estimated <= 0.0 or counted <= 0.0:
            return
        ratio = min(max(counted / estimated, LEAST_FACTOR), MOST_FACTOR)
        step = 1.0 if ratio > self.input_factor else FORGETTING
        self.input_factor += step * (ratio - self.input_factor)

    def is_idle(self, now: float) -> bool:
        """Whether nothing was used in the last two windows, so that forgetting it changes no budget."""
        return now - self.started_at >= 2 * WINDOW_SECONDS or not any(self.now + self.before)

    def _turn(self, now: float) -> None:
        passed = now - self.started_at
        if passed < WINDOW_SECONDS:
            return
        self.before = self.now if passed < 2 * WINDOW_SECONDS else [0.0, 0.0, 0.0]
        self.now = [0.0, 0.0, 0.0]
        self.started_at = self.started_at + WINDOW_SECONDS if passed < 2 * WINDOW_SECONDS else now
