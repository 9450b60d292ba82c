"""What the proxy needs of its neighbours, and nothing more. Each is one small object; tests pass plain ones.

Times are seconds since 1970-01-01 UTC where they are points in time, from a clock that the caller passes in. What is
made for every call is a named tuple: as immutable as a frozen dataclass, and made in half the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from stillwatch.gateway.nouns import Ask, Caller, Decision, Level, Standing, Unit


class Subjects(NamedTuple):
    """Whose budgets a call draws on; None where there is no such level."""

    account: str
    organization: str | None
    campaign: str | None
    model: str
    plan: str = ""


class Cost(NamedTuple):
    """What admitting a call takes at once: itself, its estimated input, a small hold on its output, and a stream."""

    input_tokens: float
    output_hold: float
    stream: bool
    weight: float = 1.0
    """What each output token counts for (settings ``[weights]``), times n."""
    limit_factor: float = 1.0
    """An enforced lower_limits: every budget of the account counts as this share of itself."""


class Headroom(NamedTuple):
    """A budget as vendors' headers show it."""

    limit: float
    remaining: float
    reset_seconds: float


class LimitExceeded(Exception):  # noqa: N818  (a refusal is an ordinary outcome, named after what happened)
    """A budget has no room for this call. ``level`` is for records and metrics and is never shown to a caller."""

    def __init__(self, level: Level, unit: Unit, retry_after_seconds: float) -> None:
        super().__init__(f"{level} {unit}: retry after {retry_after_seconds:.1f} s")
        self.level, self.unit, self.retry_after_seconds = level, unit, retry_after_seconds


class StoreClosed(Exception):  # noqa: N818
    """The shared store cannot be reached and a rule says ``closed``: 503 with ``retry-after``."""


class Hold(Protocol):
    """What an admitted call holds of its budgets. Every method is synchronous and takes microseconds."""

    def capture(self, output_tokens: float) -> float:
        """Count output as delivered and top up the hold; return how many seconds to pause first (0.0 = go on).

        After a pause ask again with ``capture(0.0)``: another stream may have been first.
        """

    def settle_input(self, input_tokens: float) -> None:
        """Replace the estimate of the input by what the model server counted."""

    def release(self) -> None:
        """Give back what was held and not used. May be called twice."""

    def headroom(self) -> Mapping[Unit, Headroom]:
        """Return the tightest budgets of the account's own level, never another's."""


class Limiter(Protocol):
    """Budgets of every level; ``gateway/limits/`` has them."""

    async def admit(self, subjects: Subjects, cost: Cost) -> Hold:
        """Hold what the call needs on every level, all or nothing. Raises LimitExceeded or StoreClosed."""

    def join_campaign(self, account: str, campaign: str) -> None:
        """Carry the account's recent use along into the campaign's budget."""


class Keyring(Protocol):
    """The directory's copy in memory."""

    def find(self, credential: str) -> Caller | None:
        """Return who holds this credential; None if it is unknown, revoked or expired. Constant time for a known id."""

    def is_current(self, caller: Caller) -> bool:
        """Whether ``find`` would return this very object again for the credential that it returned it for."""


class Standings(Protocol):
    """The last snapshot of what scans said, with granted appeals over it."""

    def of(self, account: str) -> Standing:
        """Return the account's standing; ``nouns.UNKNOWN`` if no scan listed it."""


class Recorder(Protocol):
    """The journal."""

    def admit(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write the admitted call (columns of ``records.CALL_LOG``) to disk before anything is sent upstream.

        Raises JournalFull where there is no room and the setting says ``refuse``.
        """

    def finish(self, call_id: str, row: Mapping[str, object]) -> None:
        """Write how the call ended: status, tokens, duration_ms, finish_reason. Never raises; counts what it cannot."""

    def note(self, kind: str, row: Mapping[str, object]) -> None:
        """Write something that is no call: a decision, a refusal, a mode change."""


class JournalFull(Exception):  # noqa: N818
    """There is no room on the journal's disk: 503 until there is."""


class Decider(Protocol):
    """The policy with its rules loaded; ``gateway/rules.py`` makes it and reloads it."""

    def decide(self, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
        """Return what the rules say of this call."""
