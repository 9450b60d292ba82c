"""``/v1/messages/count_tokens`` (Anthropic API reference): counts without generating."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.gateway.dialects.messages import Messages
from stillwatch.gateway.dialects.shape import Body, Caps, Usage
from stillwatch.gateway.nouns import Ask


class CountTokens(Messages):
    """A call that uses no tokens: it is counted as a call."""

    name, path, operation = "count_tokens", "/v1/messages/count_tokens", "count_tokens"
    streams = generates = False

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Nothing is read or written by the model."""
        del body, size
        return Ask(model=model, operation=self.operation)

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Nothing was used."""
        del answer
        return Usage(input_tokens=0, output_tokens=0)

    def cap(self, body: Body, caps: Caps) -> Body:
        """Nothing to cap."""
        del caps
        return body
