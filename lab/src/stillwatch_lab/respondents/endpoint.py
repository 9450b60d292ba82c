"""An OpenAI-compatible endpoint as a respondent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.respondents.reply import Manner, Reply


@dataclass
class EndpointRespondent:
    """Asked one prompt at a time, at the pace that its server allows."""

    endpoint: Endpoint

    @property
    def name(self) -> str:
        """Name the model and where it is served."""
        return f"{self.endpoint.model} at {self.endpoint.url}"

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        """Answer each prompt. Raises EndpointError as the endpoint does."""
        return [self._ask(prompt, manner, place) for place, prompt in enumerate(prompts)]

    def fingerprint(self) -> str:
        """Give the address: what is behind it cannot be hashed."""
        return self.name

    def _ask(self, prompt: str, manner: Manner, place: int) -> Reply:
        body: dict[str, Any] = {
            "messages": [{"role": "user", "content": prompt}],
            "temperature": manner.temperature,
            "max_tokens": manner.max_tokens,
            "seed": manner.seed + place,
        }
        message = self.endpoint.post("chat/completions", body)["choices"][0]["message"]
        return Reply((message.get("reasoning_content") or "").strip(), (message.get("content") or "").strip())
