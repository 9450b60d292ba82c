"""One admitted call from admission to its end: what it holds, what it cost, and its record, finished exactly once."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from time import monotonic

from stillwatch.gateway.dialects.shape import Dialect, Usage
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.ports import Hold, Recorder
from stillwatch.gateway.settings import Weights

CLIENT_GONE = 499
"""The status of a call whose caller left before any answer (nginx's word for it)."""

_PROCESS = secrets.token_hex(8)
_NUMBERS = itertools.count(1)


def new_call_id() -> str:
    """Return a name no other call has: 64 random bits of this process and a number."""
    return f"{_PROCESS}-{next(_NUMBERS):x}"


@dataclass(slots=True)
class Call:
    """One call. ``captured`` is the output counted so far; ``status`` and ``finish_reason`` are for its record."""

    dialect: Dialect
    caller: Caller
    ask: Ask
    hold: Hold
    recorder: Recorder
    weights: Weights
    call_id: str
    started: float = field(default_factory=monotonic)
    captured: float = 0.0
    paused_seconds: float = 0.0
    status: int = CLIENT_GONE
    finish_reason: str | None = None
    usage: Usage | None = None
    is_finished: bool = False

    @property
    def seconds(self) -> float:
        """Seconds since the call came in."""
        return monotonic() - self.started

    def capture(self, tokens: float) -> float:
        """Count output that is about to be delivered; return how many seconds to pause before."""
        self.captured += tokens
        return self.hold.capture(tokens)

    def finish(self) -> None:
        """Settle what was used, give back the rest, and finish the record. Later calls do nothing."""
        if self.is_finished:
            return
        self.is_finished = True
        usage = self.usage or Usage()
        try:
            self._settle(usage)
        finally:
            self.recorder.finish(self.call_id, self._ending(usage))

    def _settle(self, usage: Usage) -> None:
        """Charge what the model server counted, or, where it did not say, what was delivered."""
        try:
            if usage.input_tokens is not None:
                self.hold.settle_input(usage.input_tokens)
            elif self.status >= 400 and self.status != CLIENT_GONE:
                self.hold.settle_input(0.0)
            if usage.output_tokens is not None:
                dearer = (self.weights.reasoning - 1.0) * (usage.reasoning_tokens or 0)
                self.hold.capture(usage.output_tokens + dearer - self.captured)
                self.captured = float(usage.output_tokens)
        finally:
            self.hold.release()

    def _ending(self, usage: Usage) -> dict[str, object]:
        row: dict[str, object] = {
            "status": self.status,
            "duration_ms": round(self.seconds * 1000),
            "output_tokens": round(self.captured),
        }
        if usage.input_tokens is not None:
            row["input_tokens"] = usage.input_tokens
        if usage.cached_input_tokens is not None:
            row["cached_input_tokens"] = usage.cached_input_tokens
        if usage.reasoning_tokens is not None:
            row["reasoning_tokens"] = usage.reasoning_tokens
        if self.finish_reason is not None:
            row["finish_reason"] = self.finish_reason
        return row


def weight_of(ask: Ask, weights: Weights) -> float:
    """Return what each output token of a call counts for. Tokens are counted over all its samples."""
    weight = weights.logprobs if ask.logprobs else 1.0
    return weight * (1.0 + weights.sample * (ask.n - 1)) / ask.n if ask.n > 1 else weight
