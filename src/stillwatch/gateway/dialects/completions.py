"""``/v1/completions``: plain text in, text out (OpenAI API reference, "Create completion"; what vLLM serves)."""

from __future__ import annotations

from stillwatch.gateway.dialects.body import as_json, needles
from stillwatch.gateway.dialects.chat import CEILINGS, LOGPROBS, Chat
from stillwatch.gateway.dialects.shape import Body, Refusal


class Completions(Chat):
    """A list of prompts is as many answers: it is counted as samples, so that it is no way around ``n``."""

    name, path, operation = "completions", "/v1/completions", "text_completion"
    own_ceiling = "max_tokens"
    delta_mark = b'"text"'
    sensitive = needles("model", "prompt", "n", "best_of", "stream", "stream_options", "echo", *CEILINGS, *LOGPROBS)

    def samples(self, body: Body) -> int:
        """Return prompts times answers to each."""
        return super().samples(body) * _prompts(body.get("prompt"))

    def columns(self, body: Body) -> dict[str, object]:
        """Keep the prompt: as text, or as JSON where it is a list or token numbers."""
        row = super().columns(body)
        row.pop("messages", None)
        prompt = body.get("prompt")
        if prompt is not None:
            row["prompt"] = prompt if isinstance(prompt, str) else as_json(prompt)
        return row


def _prompts(prompt: object) -> int:
    """Return how many prompts there are: a text or one list of token numbers is one."""
    if prompt is None or isinstance(prompt, str):
        return 1
    if not isinstance(prompt, list) or not prompt:
        raise Refusal(400, "'prompt' must be a string, or a list of strings or token numbers.", code="invalid_value")
    return 1 if isinstance(prompt[0], int) else len(prompt)
