"""What another gateway asks about one call, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.gateway.nouns import Action, Ask, Caller, Decision, Effect, Mode, Unit
from stillwatch.gateway.ports import Headroom

OK, UNKNOWN_KEY, FORBIDDEN, CONFLICT, LIMITED, UNAVAILABLE = 200, 401, 403, 409, 429, 503
HEADER = "stillwatch-effect"
"""One line for each enforced effect that is not silent: structured fields (RFC 9651), cap_n;amount=1;reason="…"."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call, as the asking gateway sees it. Either ``caller`` or ``credential`` says who it is.

    ``keep`` says that ``report`` will follow with what the answer used; otherwise only the call and its input count.
    """

    call_id: str
    ask: Ask
    caller: Caller | None = None
    credential: str | None = None
    input_tokens: float | None = None
    """None = estimated from the body's size."""
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the call may go on, and how. ``code`` and ``message`` are for the caller, where it may not."""

    call_id: str
    status: int = OK
    caller: Caller | None = None
    decision: Decision = field(default_factory=Decision)
    code: str = ""
    message: str = ""
    url: str | None = None
    retry_after_seconds: float | None = None
    headroom: Mapping[Unit, Headroom] = field(default_factory=dict)
    """The account's own budgets, never another's."""

    @property
    def allow(self) -> bool:
        """Whether the call may go on."""
        return self.status == OK

    def amount(self, action: Action) -> float | None:
        """Return the size of an enforced effect, None if there is none."""
        effect = self.decision.enforced(action)
        return None if effect is None else effect.amount

    def enforced(self) -> list[Effect]:
        """Return the effects that act, one for each action, the hardest first."""
        found = {e.action: e for e in reversed(self.decision.effects) if e.mode is Mode.ENFORCE}
        return [found[action] for action in reversed(Action) if action in found and action is not Action.ALLOW]

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that the caller should see: effects that are not silent, and when to come back."""
        lines = [(HEADER, structured(effect)) for effect in self.enforced() if not effect.silent]
        if self.retry_after_seconds is not None:
            # Whole seconds, rounded up: RFC 9110, section 10.2.3.
            lines.append(("retry-after", str(max(1, -int(-self.retry_after_seconds // 1)))))
        return lines

    def error(self) -> dict[str, Any]:
        """Return the refusal as OpenAI's clients read it."""
        url = {"url": self.url} if self.url else {}
        return {"error": {"message": self.message, "type": self.code, "param": None, "code": self.code, **url}}


def structured(effect: Effect) -> str:
    """Write an effect as a structured field. Characters that a header cannot carry become ``?``."""
    amount = "" if effect.amount is None else f";amount={effect.amount:.3f}".rstrip("0").rstrip(".")
    words = "".join(c if " " <= c <= "~" else "?" for c in effect.reason).replace("\\", "\\\\").replace('"', '\\"')
    return f'{effect.action.value}{amount};reason="{words}"'
