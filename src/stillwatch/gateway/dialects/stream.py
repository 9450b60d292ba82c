"""What passes through one streamed answer: how much was delivered, what it cost, and what is left out.

Events are found by their blank lines and looked into only where a byte search says that something is there. The whole
events of a read are passed on at once, as they came; only a piece of an event waits for its rest, for no client can use
it, and one that broke off would be taken for the caller's own fault.
"""

from __future__ import annotations

import re

import orjson

from stillwatch.gateway.dialects.chat import DATA
from stillwatch.gateway.dialects.shape import Dialect, EventFilter, Usage

USAGE = re.compile(rb'"usage"\s*:\s*\{')
"""The only raw ``"usage":{`` in an event is a key of the API: in text, JSON escapes the quotation marks."""

FINISH = re.compile(rb'"(?:finish|stop)_reason"\s*:\s*"')
NO_USAGE = b',"usage":null'
"""What OpenAI adds to every other chunk where usage was asked for."""

BYTES_PER_TOKEN = 4
"""Of English text; used only where the model server says no usage (OpenAI: "one token is about 4 characters")."""

MAX_EVENT_BYTES = 8 << 20
"""An event that is longer than this is passed on in pieces and not looked into: no answer's whole text is so long."""


class UnfinishedEvent(Exception):  # noqa: N818  (becomes a Refusal where the dialect is known)
    """A filter may not pass on an event that it has not read, and the event does not end."""


class StreamMeter:
    """Counts one stream. ``tokens`` is an estimate of the output delivered so far, ``usage`` what the server said.

    The estimate: an event with a piece of the answer is a token, and text above the smallest such event's size is a
    token every four bytes. Streams with log-probabilities are counted by events alone, for most of their bytes are no
    text.
    """

    __slots__ = (
        "_blank",
        "_by_events",
        "_dialect",
        "_envelope",
        "_filter",
        "_hide_usage",
        "_tail",
        "events",
        "finish_reason",
        "tokens",
        "usage",
    )

    def __init__(
        self,
        dialect: Dialect,
        *,
        hide_usage: bool = False,
        filtering: EventFilter | None = None,
        logprobs: bool = False,
    ) -> None:
        self._dialect, self._hide_usage, self._filter, self._by_events = dialect, hide_usage, filtering, logprobs
        self._blank = b"\n\n"
        self._tail = b""
        self._envelope = float("inf")
        self.events = 0
        self.tokens = 0.0
        self.usage: Usage | None = None
        self.finish_reason: str | None = None

    def feed(self, data: bytes) -> bytes:
        """Take what came in, return what goes out. Raises UnfinishedEvent where a filter cannot read on."""
        window = self._tail + data if self._tail else data
        if not self.events and b"\r\n\r\n" in window:
            self._blank = b"\r\n\r\n"
        blank = self._blank
        if window.endswith(blank):
            self._tail = b""
            return self._look(window)
        cut = window.rfind(blank) + len(blank)
        if cut >= len(blank):
            self._tail = window[cut:]
            return self._look(window[:cut])
        if len(window) <= MAX_EVENT_BYTES:
            self._tail = window
            return b""
        if self._filter is not None:
            raise UnfinishedEvent
        self._tail = b""
        self.tokens += len(window) / BYTES_PER_TOKEN
        return window

    def finish(self) -> bytes:
        """Return what was held back when the answer ended: an event without its blank line."""
        rest, self._tail = self._tail, b""
        return self._look(rest) if rest else b""

    def _look(self, whole: bytes) -> bytes:
        """Count whole events; return them without what is to be left out."""
        events = whole.count(self._blank) or 1
        self.events += events
        self._count(whole, events)
        if USAGE.search(whole) or FINISH.search(whole):
            whole = self._read(whole)
        if self._hide_usage and NO_USAGE in whole:
            whole = whole.replace(NO_USAGE, b"")
        return whole if self._filter is None else self._filtered(whole, self._filter)

    def _filtered(self, whole: bytes, keep: EventFilter) -> bytes:
        if not keep.watching and not any(mark in whole for mark in keep.marks):
            return whole
        events = self._split(whole)
        return b"".join(keep(e) if keep.watching or any(mark in e for mark in keep.marks) else e for e in events)

    def _count(self, whole: bytes, events: int) -> None:
        deltas = whole.count(self._dialect.delta_mark)
        if deltas != events or self._by_events:
            self.tokens += deltas
            return
        self._envelope = min(self._envelope, len(whole) / events)
        self.tokens += max(deltas, (len(whole) - events * self._envelope) / BYTES_PER_TOKEN)

    def _read(self, whole: bytes) -> bytes:
        """Parse the events that say usage or why the answer ended; leave out the one that was not asked for."""
        kept: list[bytes] = []
        for event in self._split(whole):
            is_extra = False
            if (USAGE.search(event) or FINISH.search(event)) and (found := DATA.search(event)):
                is_extra = self._take(found[1])
            if not (is_extra and self._hide_usage):
                kept.append(event)
        return b"".join(kept)

    def _take(self, payload: bytes) -> bool:
        """Read one event's usage and reason; tell whether it is OpenAI's extra chunk, which has no choices."""
        try:
            said = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(said, dict):
            return False
        usage = self._dialect.usage(said)
        if usage is not None and self.usage is None:
            self.usage = usage
        elif usage is not None and self.usage is not None:
            self.usage.update(usage)
        self.finish_reason = self._dialect.finish_reason(said) or self.finish_reason
        return said.get("choices") == [] and usage is not None

    def _split(self, whole: bytes) -> list[bytes]:
        events = whole.split(self._blank)
        last = events.pop()
        return [event + self._blank for event in events] + ([last] if last else [])
