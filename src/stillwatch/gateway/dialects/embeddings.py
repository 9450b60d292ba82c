"""``/v1/embeddings``: input tokens only (OpenAI API reference, "Create embeddings")."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.gateway.dialects.body import as_json, known, needles
from stillwatch.gateway.dialects.errors import error_body
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, Refusal, Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.nouns import Ask


class Embeddings(Dialect):
    """Nothing is generated, so no effect on answers applies."""

    name, path, operation = "embeddings", "/v1/embeddings", "embeddings"
    streams = generates = False
    sensitive = needles("model", "input")

    def ask(self, body: Body, model: str, size: int) -> Ask:
        """Only the size matters."""
        del body
        return Ask(model=model, operation=self.operation, input_bytes=size)

    def columns(self, body: Body) -> dict[str, object]:
        """Keep the input as the prompt."""
        given = body.get("input")
        return known({"prompt": given if isinstance(given, str) else as_json(given)})

    def usage(self, answer: Mapping[str, object]) -> Usage | None:
        """Read ``usage.prompt_tokens``."""
        return read_usage(answer.get("usage"))

    def finish_reason(self, answer: Mapping[str, object]) -> str | None:
        """Embeddings have none."""
        del answer
        return None

    def cap(self, body: Body, caps: Caps) -> Body:
        """Nothing to cap."""
        del caps
        return body

    def error_event(self, refusal: Refusal) -> bytes:
        """Embeddings do not stream; written for whoever asks all the same."""
        return b"data: %s\n\n" % error_body("openai", refusal)
