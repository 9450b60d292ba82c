"""One admitted call from admission to its end: what it holds, what it cost, and its record, finished exactly once."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from time import monotonic

from stillwatch.gateway.dialects.shape import Dialect, Usage
from stillwatch.gateway.effects import Enforced
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.ports import Hold, Recorder
from stillwatch.gateway.settings import Weights
from stillwatch.gateway.upstream import UpstreamPool

CLIENT_GONE = 499
"""The status of a call whose caller left before any answer (nginx's word for it)."""

_PROCESS = secrets.token_hex(8)
_NUMBERS = itertools.count(1)

NOT_SAID = Usage()


def new_call_id() -> str:
    """Return a name no other call has: 64 random bits of this process and a number."""
    return f"{_PROCESS}-{next(_NUMBERS):x}"


@dataclass(slots=True)
class Request:
    """What is sent upstream, and what was decided about it."""

    pool: UpstreamPool
    method: str
    target: bytes
    headers: bytes
    """Lines that end in CRLF."""
    body: bytes
    enforced: Enforced
    hide_usage: bool
    """Whether a stream's usage was asked for by us alone, so that the caller must not see it."""


@dataclass(slots=True)
class Call:
    """One call. ``captured`` is the output counted so far; ``status`` and ``finish_reason`` are for its record."""

    call_id: str
    dialect: Dialect
    caller: Caller
    ask: Ask
    hold: Hold
    recorder: Recorder
    weights: Weights
    request: Request
    started: float
    started_at: int = 0
    """When it came in, microseconds since 1970 UTC, as its record says."""
    captured: float = 0.0
    first_byte_seconds: float = 0.0
    paused_seconds: float = 0.0
    status: int = CLIENT_GONE
    finish_reason: str | None = None
    usage: Usage = NOT_SAID
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
        try:
            self._settle()
        finally:
            self.recorder.finish(self.call_id, self._ending())

    def _settle(self) -> None:
        """Charge what the model server counted, or, where it did not say, what was delivered."""
        usage, hold = self.usage, self.hold
        try:
            if usage.input_tokens is not None:
                hold.settle_input(usage.input_tokens)
            elif self.status >= 400 and self.status != CLIENT_GONE:
                hold.settle_input(0.0)
            written = usage.output_tokens
            if written is not None:
                dearer = (self.weights.reasoning - 1.0) * (usage.reasoning_tokens or 0)
                more = written + dearer - self.captured
                if more:
                    hold.capture(more)
                self.captured = written
        finally:
            hold.release()

    def _ending(self) -> dict[str, object]:
        usage = self.usage
        row: dict[str, object] = {
            "status": self.status,
            "duration_ms": round((monotonic() - self.started) * 1000),
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
