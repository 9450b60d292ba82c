"""A teacher behind an OpenAI-compatible API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.distill.rows import Batch
from stillwatch_lab.distill.samples import Job, Sample, split_reasoning
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import EndpointError, LabSettingsError
from stillwatch_lab.losses.tail import TopK
from stillwatch_lab.models.folders import UNBOUNDED
from stillwatch_lab.models.sampling import mixed
from stillwatch_lab.models.tokenizers import token_of_bytes

SEED_BITS = 31
"""What servers take for a seed: some keep it in a signed 32-bit integer."""
AT_ONCE = 4
"""Requests under way at the same time."""

Place = tuple[tuple[int, float], ...]


class EndpointTeacher:
    """A served model: gives text, and as many log-probabilities as its host allows."""

    def __init__(self, endpoint: Endpoint, tokenizer: Any | None, settings: DistillSettings) -> None:
        """Take the student's tokenizer if both have the same, else None.

        Raises LabSettingsError where the method needs what no such server gives.
        """
        self.name = f"{endpoint.model} at {endpoint.url}"
        self.tokenizer, self.room = tokenizer, UNBOUNDED  # its host says where it ends
        self._endpoint, self._settings = endpoint, settings
        self._probabilities = settings.method is not Method.SEQUENCE
        if self._probabilities and tokenizer is None:
            raise LabSettingsError("log-probabilities need the teacher's tokenizer: name its folder with --tokenizer")
        if self._probabilities and settings.top_k is None:
            raise LabSettingsError("a server gives its likeliest tokens only: set top_k (OpenAI's API gives up to 20)")
        self._numbers = token_of_bytes(tokenizer) if tokenizer is not None else {}

    def batches(self, jobs: list[Job]) -> list[list[Job]]:
        """Divide jobs into as many as are asked at once."""
        return [jobs[at : at + AT_ONCE] for at in range(0, len(jobs), AT_ONCE)]

    def answer(self, batch: list[Job]) -> list[Sample]:
        """Ask for one chat completion a job, at most ``AT_ONCE`` at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._ask, batch))

    def _ask(self, job: Job) -> Sample:
        settings = self._settings
        body: dict[str, Any] = {
            "messages": list(job.messages),
            "temperature": settings.sampling_temperature,
            "max_tokens": settings.max_new_tokens,
            "seed": mixed(settings.seed, *job.key) % 2**SEED_BITS,
        }
        if self._probabilities:
            body |= {"logprobs": True, "top_logprobs": settings.top_k}
        answer = self._endpoint.post("chat/completions", body)
        return self._read(job, answer["choices"][0], answer.get("usage") or {})

    def _read(self, job: Job, choice: dict[str, Any], usage: dict[str, Any]) -> Sample:
        message = choice.get("message") or {}
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        written = message.get("content") or ""
        thought, text = (reasoning, written) if reasoning else split_reasoning(written)
        tokens, top = self._places(choice) if self._probabilities else (None, None)
        return Sample(
            number=job.number,
            draw=job.draw,
            messages=job.messages,
            # Recorded places cover the whole content: what was split off it stays in front of the answer.
            answer=written if tokens is not None else text,
            reasoning=reasoning if tokens is not None else thought,
            ended=choice.get("finish_reason") == "stop",
            prompt_tokens=int(usage.get("prompt_tokens", 0)),
            completion_tokens=int(usage.get("completion_tokens", 0)),
            tokens=tokens,
            top=top,
        )

    def _places(self, choice: dict[str, Any]) -> tuple[tuple[int, ...], tuple[Place, ...]]:
        places = (choice.get("logprobs") or {}).get("content")
        if places is None:
            raise EndpointError(f"{self.name} gives no log-probabilities: use --method sequence, which needs none")
        tokens = tuple(self._number(place) for place in places)
        return tokens, tuple(
            tuple((self._number(one), float(one["logprob"])) for one in place["top_logprobs"]) for place in places
        )

    def _number(self, place: dict[str, Any]) -> int:
        raw = place.get("bytes")
        return self._number_of(bytes(raw) if raw is not None else place["token"])

    def _number_of(self, written: bytes | str) -> int:
        if isinstance(written, str) and written.startswith("token_id:"):  # vLLM's return_tokens_as_token_ids
            return int(written.removeprefix("token_id:"))
        key = written.encode() if isinstance(written, str) else written
        try:
            return self._numbers[key]
        except KeyError:
            raise EndpointError(
                f"{self.name} wrote the token {key!r}, which the student's tokenizer does not have: they are not the "
                "same. Use --method sequence, or name the teacher's tokenizer with --tokenizer"
            ) from None

    def distributions(self, batch: Batch) -> TopK:
        """Have each row scored as a prompt (``/completions`` with ``echo``, as vLLM and SGLang allow): one query a row.

        Raises EndpointError where the host does not score prompts.
        """
        rows = [row[: int(kept)].tolist() for row, kept in zip(batch.tokens, batch.attention.sum(1), strict=True)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            scored = list(pool.map(self._score, rows))
        k = self._settings.top_k or 1
        tokens = torch.zeros(*batch.completion.shape, k, dtype=torch.long)
        log_probs = torch.full(tokens.shape, -torch.inf)
        for number, places in enumerate(scored):
            for offset, place in enumerate(places):
                for rank, (token, log_prob) in enumerate(place[:k]):
                    tokens[number, offset, rank], log_probs[number, offset, rank] = token, log_prob
        return TopK(tokens.to(batch.tokens.device), log_probs.to(batch.tokens.device))

    def _score(self, tokens: list[int]) -> list[Place]:
        body = {"prompt": tokens, "max_tokens": 1, "echo": True, "logprobs": self._settings.top_k}
        choice = self._endpoint.post("completions", body)["choices"][0]
        given = (choice.get("logprobs") or {}).get("top_logprobs")
        if given is None or len(given) < len(tokens):
            raise EndpointError(f"{self.name} does not score prompts (echo with logprobs): on-policy needs that")
        places: list[Place] = []
        for place in given[1 : len(tokens)]:
            known = ((self._number_of(token), float(log_prob)) for token, log_prob in (place or {}).items())
            places.append(tuple(sorted(known, key=lambda one: -one[1])))
        return places

    def close(self) -> None:
        """Give up the connections."""
        self._endpoint.close()

    def describe(self) -> dict[str, Any]:
        """Say which served model this is; what is behind it only its host knows."""
        return {"kind": "endpoint", "name": self._endpoint.model, "url": self._endpoint.url}
