"""A path that settings allow and whose bodies nobody here understands: relayed as it is, each call counted."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.gateway.dialects.errors import error_body
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, Refusal, Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.nouns import Ask


class Relayed(Dialect):
    """Any method and any body. Its input is charged by size, and its output where the answer says a usage."""

    name, method, operation = "relayed", "", "relayed"
    streams = generates = False
    understands = False

    def __init__(self, path: str) -> None:
        self.path, self.target = path, path.encode()

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Only the size is known."""
        del body
        return Ask(model=model, operation=self.operation, input_bytes=size)

    def columns(self, body: Body) -> dict[str, object]:
        """Nothing is known of what was asked."""
        del body
        return {}

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Read ``usage`` where there is one in either vendor's shape."""
        return read_usage(answer.get("usage"))

    def finish_reason(self, answer: Mapping[str, object]) -> str | None:
        """Nothing is known of the answer."""
        del answer
        return None

    def cap(self, body: Body, caps: Caps) -> Body:
        """Refuse (403): an effect on answers cannot be applied to what is not understood, so it may not be evaded."""
        del body, caps
        raise Refusal(403, f"{self.path} is not open to this account now.", code="path_restricted")

    def error_event(self, refusal: Refusal) -> bytes:
        """Write the error as an event."""
        return b"data: %s\n\n" % error_body("openai", refusal)
