"""Stillwatch in LiteLLM's proxy: asks ``stillwatch decide`` before each call, paces streams, reports what was used.

Stand-alone: needs the standard library, litellm and aiohttp (which litellm has), and nothing of Stillwatch. Print it
with ``stillwatch decide --litellm-plugin > stillwatch_litellm.py``, put it beside LiteLLM's configuration, and name it
there:

    litellm_settings:
      callbacks: ["stillwatch_litellm.stillwatch"]

Environment: STILLWATCH_URL (http://127.0.0.1:8082), STILLWATCH_TOKEN or STILLWATCH_TOKEN_FILE, STILLWATCH_WHEN_DOWN
(``closed``: 503 while there is no verdict, the default; ``open``: calls go through, and each is logged),
STILLWATCH_TIMEOUT_SECONDS (1.0). Callers cannot opt out of a callback, as they can of some guardrails. To have it in
LiteLLM's list of guardrails too, add ``guardrail: stillwatch_litellm.StillwatchGuardrail, mode: pre_call, default_on:
true``; a call is decided once all the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import litellm
from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

log = logging.getLogger("stillwatch")

REPORT_TOKENS = 64.0
"""Tokens of a stream between two reports: a second or two of reading, and 1/8 of a hold's top-up."""
LONGEST_WAIT_SECONDS = 60.0
"""An answer that is not streamed is held back at most this long: clients give up later than that."""
CHARACTERS_PER_TOKEN = 4.0
"""Of English text; what the model server counts replaces it at the end."""
ACCOUNTS = ("api_key", "user_id", "team_id", "org_id", "end_user_id")
"""Who holds the credential, then who stands behind it: the order in which ``stillwatch scan`` reads LiteLLM's logs."""
OPERATIONS = {"text_completion": "text_completion", "embedding": "embeddings", "embeddings": "embeddings"}
"""LiteLLM's call types that are not chat; those that begin with ``a`` are the same, asynchronous."""
OWN_CEILINGS = {"responses": "max_output_tokens", "embedding": None, "embeddings": None}
"""Where a ceiling is written that the caller did not give, if not in ``max_tokens``; None = nowhere."""
CEILINGS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
LOGPROBS = ("logprobs", "top_logprobs")
OPEN = "stillwatch_call"
"""Where a call's Open hangs in the details of LiteLLM's logging object, which its logging hooks are given."""
REASONING = ("reasoning_content", "thinking_blocks", "reasoning")


class Unreachable(Exception):
    """The decision service gave no verdict."""


class Service:
    """The decision service over HTTP, with one pool of connections."""

    def __init__(self) -> None:
        self.url = os.environ.get("STILLWATCH_URL", "http://127.0.0.1:8082").rstrip("/")
        self.when_down = os.environ.get("STILLWATCH_WHEN_DOWN", "closed")
        if self.when_down not in {"open", "closed"}:
            raise ValueError(f"STILLWATCH_WHEN_DOWN is {self.when_down!r}; say open or closed")
        file = os.environ.get("STILLWATCH_TOKEN_FILE")
        token = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get("STILLWATCH_TOKEN", "")
        if not token:
            raise ValueError("no token; set STILLWATCH_TOKEN_FILE, or STILLWATCH_TOKEN")
        self._headers = {"x-stillwatch-token": token}
        self._timeout = aiohttp.ClientTimeout(total=float(os.environ.get("STILLWATCH_TIMEOUT_SECONDS", "1.0")))
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer. Raises Unreachable for anything but an answer of 200."""
        self._session = self._session or aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        try:
            async with self._session.post(self.url + path, json=document) as answer:
                if answer.status == 200:
                    said: dict[str, Any] = await answer.json()
                    return said
                raise Unreachable(f"{self.url}{path}: status {answer.status}: {(await answer.text())[:200]}")
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as problem:
            raise Unreachable(f"{self.url}{path}: {type(problem).__name__}: {problem}") from problem


class Open:
    """One call on its way: what was ordered, and how much of its use was reported.

    It hangs on LiteLLM's own logging object and goes by an id of ours: callers can choose LiteLLM's call id.
    """

    def __init__(self, call_id: str, verdict: Mapping[str, Any]) -> None:
        self.call_id = call_id
        self.effects = {e["action"]: e for e in verdict["effects"]}
        self.headers = [(name, value) for name, value in verdict["headers"]]
        self.started, self.reported, self.done = time.monotonic(), 0.0, False

    def pace_seconds(self, tokens: float) -> float:
        """Return how long to wait so that so many tokens since the start are not too fast."""
        pace = self.effects.get("pace", {}).get("amount")
        return max(0.0, tokens / pace - (time.monotonic() - self.started)) if pace else 0.0


class Stillwatch(CustomLogger):
    """Decides before the call, does what was ordered, reports after it."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Service()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Stop the call with the status and words of the verdict, or let it go on with what was capped."""
        if _open_of(data) is not None:
            return data
        call_id = uuid.uuid4().hex
        try:
            verdict = await self.service.post("/v1/decide", _question(call_id, user_api_key_dict, data, call_type))
        except Unreachable as problem:
            if self.service.when_down == "open":
                log.error("stillwatch gave no verdict, the call goes through: %s", problem)
                return data
            log.error("stillwatch gave no verdict, the call is refused: %s", problem)
            words = "Calls cannot be checked now."
            raise ProxyException(words, "limits_down", None, 503, {"retry-after": "5"}) from None
        if not verdict["allow"]:
            message = verdict["message"] + (f" ({verdict['url']})" if verdict.get("url") else "")
            raise ProxyException(message, verdict["code"], None, verdict["status"], dict(verdict["headers"]))
        call = data["litellm_logging_obj"].model_call_details[OPEN] = Open(call_id, verdict)
        _cap(data, call.effects, own_ceiling=OWN_CEILINGS.get(_operation(call_type), "max_tokens"))
        return data

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Pass a stream on, no faster than ordered and no faster than its budgets refill."""
        call = _open_of(request_data)
        tokens = 0.0
        try:
            async for chunk in response:
                if call is not None:
                    tokens += _tokens(chunk)
                    if "withhold_reasoning" in call.effects:
                        _drop_reasoning(chunk)
                    await self._wait(call, tokens)
                yield chunk
        except (GeneratorExit, asyncio.CancelledError):
            # The caller hung up: what was delivered is charged, from a task, as nothing may be awaited here.
            if call is not None:
                task = asyncio.ensure_future(self._finish(call, None, tokens))
                TASKS.add(task)
                task.add_done_callback(TASKS.discard)
            raise

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """Hold a whole answer back as long as pacing orders, and take its reasoning out if that was ordered."""
        call = _open_of(data)
        if call is None:
            return response
        if "withhold_reasoning" in call.effects:
            _drop_reasoning(response)
        used = getattr(getattr(response, "usage", None), "completion_tokens", None) or 0
        await asyncio.sleep(min(call.pace_seconds(used), LONGEST_WAIT_SECONDS))
        return response

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any, request_headers: Any = None, **others: Any
    ) -> dict[str, str]:
        """Say in the response what was done to the call."""
        call = _open_of(data)
        headers = [] if call is None else call.headers
        return {name: ", ".join(v for n, v in headers if n == name) for name, _ in headers}

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Report what the model server counted."""
        used = kwargs.get("standard_logging_object") or {}
        await self._finish(kwargs.get(OPEN), used.get("prompt_tokens"), used.get("completion_tokens"))

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Give back what a failed call holds."""
        await self._finish(kwargs.get(OPEN), None, None)

    async def _wait(self, call: Open, tokens: float) -> None:
        await asyncio.sleep(call.pace_seconds(tokens))
        if tokens - call.reported < REPORT_TOKENS:
            return
        new, call.reported = tokens - call.reported, tokens
        pause = await self._report({"call_id": call.call_id, "output_tokens": new})
        while pause > 0.0:
            await asyncio.sleep(pause)
            pause = await self._report({"call_id": call.call_id, "output_tokens": 0.0})

    async def _finish(self, call: Open | None, input_tokens: float | None, output_tokens: float | None) -> None:
        if not isinstance(call, Open) or call.done:
            return
        call.done = True
        rest = max(0.0, (output_tokens or 0.0) - call.reported)
        document: dict[str, Any] = {"call_id": call.call_id, "output_tokens": rest, "done": True}
        if input_tokens is not None:
            document["input_tokens"] = input_tokens
        await self._report(document)

    async def _report(self, document: Mapping[str, Any]) -> float:
        try:
            return float((await self.service.post("/v1/report", document))["pause_seconds"])
        except Unreachable as problem:
            log.error("stillwatch was not told what a call used: %s", problem)
            return 0.0


TASKS: set[asyncio.Future[None]] = set()
"""Reports on their way: a task that nobody holds may be collected before it ran."""


class StillwatchGuardrail(CustomGuardrail):
    """The same decision as an entry in LiteLLM's list of guardrails."""

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Decide, unless the callback has."""
        return await stillwatch.async_pre_call_hook(user_api_key_dict, cache, data, call_type)


def _open_of(data: Mapping[str, Any]) -> Open | None:
    call = getattr(data.get("litellm_logging_obj"), "model_call_details", {}).get(OPEN)
    return call if isinstance(call, Open) else None


def _question(call_id: str, key: Any, data: Mapping[str, Any], call_type: Any) -> dict[str, Any]:
    account = next((str(value) for name in ACCOUNTS if (value := getattr(key, name, None))), "unknown")
    caller = {"account": account, "organization": getattr(key, "org_id", None)}
    text = data.get("messages") or data.get("input") or data.get("prompt") or ""
    ceilings = [data[name] for name in CEILINGS if type(data.get(name)) is int and data[name] >= 0]
    logprobs, effort, thinking = data.get("logprobs"), data.get("reasoning_effort"), data.get("thinking")
    ask = {
        "model": str(data.get("model") or ""),
        "operation": OPERATIONS.get(_operation(call_type), "chat"),
        "stream": data.get("stream") is True,
        "max_output_tokens": max(ceilings, default=None),
        "n": data["n"] if type(data.get("n")) is int and data["n"] > 0 else 1,
        "logprobs": (logprobs is not None and logprobs is not False) or data.get("top_logprobs") is not None,
        "reasoning": (effort is not None and effort != "none") or bool(data.get("reasoning") or thinking),
        "tools": len(data["tools"]) if isinstance(data.get("tools"), list) else 0,
        "input_bytes": len(str(text)),
    }
    return {"call_id": call_id, "caller": caller, "ask": ask, "keep": True}


def _operation(call_type: Any) -> str:
    name = str(getattr(call_type, "value", call_type))
    return name[1:] if name in {"aembedding", "aresponses", "atext_completion"} else name


def _cap(data: dict[str, Any], effects: Mapping[str, Mapping[str, Any]], *, own_ceiling: str | None) -> None:
    if (n := effects.get("cap_n")) and type(data.get("n")) is int:
        data["n"] = min(data["n"], int(n["amount"]))
    if tokens := effects.get("cap_output_tokens"):
        for name in [n for n in CEILINGS if data.get(n) is not None] or ([own_ceiling] if own_ceiling else []):
            given = data.get(name)
            data[name] = min(given, int(tokens["amount"])) if type(given) is int else int(tokens["amount"])
    for name in LOGPROBS if "strip_logprobs" in effects else ():
        data.pop(name, None)


def _tokens(chunk: Any) -> float:
    """Estimate the tokens of one chunk of any API shape: at least one if it says anything."""
    if isinstance(chunk, bytes | str):
        raw = chunk.encode() if isinstance(chunk, str) else chunk
        return float(raw.count(b'"content_block_delta"') or raw.count(b'.delta"'))
    said = len(chunk.delta) if isinstance(getattr(chunk, "delta", None), str) else 0
    for choice in getattr(chunk, "choices", None) or ():
        delta = getattr(choice, "delta", None)
        said += sum(len(str(getattr(delta, name, None) or "")) for name in ("content", "tool_calls", *REASONING))
    return max(1.0, said / CHARACTERS_PER_TOKEN) if said else 0.0


def _drop_reasoning(answer: Any) -> None:
    for choice in getattr(answer, "choices", None) or ():
        for holder in (getattr(choice, "delta", None), getattr(choice, "message", None)):
            for name in REASONING:
                if getattr(holder, name, None):
                    setattr(holder, name, None)


SHARED = "_stillwatch_callback"
"""LiteLLM reads this file once for each entry of its configuration that names it: its package keeps the callback."""
if not hasattr(litellm, SHARED):
    setattr(litellm, SHARED, Stillwatch())
stillwatch: Stillwatch = getattr(litellm, SHARED)
"""The callback. There is one in a process: the guardrail and the reports share what is open."""
