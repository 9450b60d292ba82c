"""What every API shape must answer, and the plain values it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stillwatch.gateway.nouns import Ask

Vendor = Literal["openai", "anthropic"]
Body = dict[str, object]


class Refusal(Exception):  # noqa: N818  (a refusal is an ordinary outcome, named after what happened)
    """The call is answered with an error in the caller's dialect and goes no further.

    ``code`` is the machine-readable word of the error; ``url`` is where the caller can do something about it.
    """

    def __init__(
        self, status: int, message: str, *, code: str = "", url: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.url, self.retry_after = status, message, code, url, retry_after


@dataclass(slots=True, unsafe_hash=True)
class Usage:
    """Tokens as the model server counted them; None = it did not say. Reasoning is part of the output."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None

    def update(self, later: Usage) -> None:
        """Take over what a later event of the same answer says."""
        for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"):
            value = getattr(later, name)
            if value is not None:
                setattr(self, name, value)


@dataclass(frozen=True, slots=True)
class Caps:
    """The enforced effects that change what is asked upstream. None and False = leave it."""

    n: int | None = None
    output_tokens: int | None = None
    strip_logprobs: bool = False
    withhold_reasoning: bool = False


class Dialect:
    """One API shape. Stateless: one object serves every call.

    A body is the top-level JSON object as ``body.read_object`` returned it: its sensitive keys are unambiguous.
    """

    name = ""
    """Short name in metrics and logs."""
    vendor: Vendor = "openai"
    path = ""
    """The exact path, also upstream."""
    target = b""
    """The same in bytes."""
    method = "POST"
    operation = "chat"
    """As in the call log."""
    streams = True
    """Whether ``stream`` means anything here."""
    understands = True
    """Whether its bodies can be read and changed; if not, any method and body is relayed as it is."""
    generates = True
    """Whether it writes output tokens."""
    delta_mark = b'"delta"'
    """What every event with a piece of the answer holds once; in text, JSON escapes the quotation marks."""
    sensitive: Mapping[str, bytes] = {}
    """Top-level keys that decide who pays what, as ``body.needles`` spells them: none may be given twice."""

    def __init_subclass__(cls) -> None:
        cls.target = cls.path.encode()

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Return what the call asks for. ``model`` is canonical, ``size`` the body's bytes. Raises Refusal (400)."""
        raise NotImplementedError

    def columns(self, body: Body) -> dict[str, object]:
        """Return the columns of the call log that hold what was asked: messages, prompt, system, settings."""
        raise NotImplementedError

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Return the usage of a whole answer or of one event that has one; None if it has none."""
        raise NotImplementedError

    def finish_reason(self, answer: Mapping[str, object]) -> str | None:
        """Return why a whole answer ended, in the call log's words; None if it does not say."""
        raise NotImplementedError

    def asks_usage(self, body: Body) -> bool:
        """Tell whether a streamed answer to this body will say its usage without being told to."""
        del body
        return True

    def cap(self, body: Body, caps: Caps) -> Body:
        """Return the body with the caps applied; the same object if they change nothing."""
        raise NotImplementedError

    def hide_reasoning(self, answer: Body) -> bool:
        """Take reasoning out of a whole answer, in place; tell whether there was any."""
        del answer
        return False

    def reasoning_filter(self) -> EventFilter | None:
        """Return a filter for one stream that drops reasoning, or None where streams carry none."""
        return None

    def error_event(self, refusal: Refusal) -> bytes:
        """Return an event that ends a stream with an error."""
        raise NotImplementedError


class EventFilter:
    """Looks at every event of one stream, in order."""

    marks: tuple[bytes, ...] = ()
    """An event without any of these bytes passes unread, while ``watching`` is false."""
    watching = False

    def __call__(self, event: bytes) -> bytes:
        """Return the event to pass on: the same, another, or nothing."""
        raise NotImplementedError
