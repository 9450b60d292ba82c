"""Whatever an asking gateway sends, the decision service answers, and never with a failure of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decide_world import TOKEN, World, decide_app, effect
from stillwatch.gateway.adapters import envoy_grpc, envoy_rls
from stillwatch.gateway.adapters.wire import WireError
from stillwatch.gateway.decide import ROUTES
from stillwatch.gateway.nouns import Action

CALM = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = [
    "account", "caller", "credential", "ask", "model", "n", "keep", "call_id", "output_tokens", "input_tokens", "done",
    "request", "json", "text", "metadata", "_user", "eventType", "requestType", "response", "statusCode", "content",
    "input_type", "request_data", "user_api_key_hash", "texts", "tools", "max_tokens", "best_of", "logprobs", "include",
]  # fmt: skip
LEAVES = [None, True, 0, 3, -1, 2.5, 10**30, "", "request", "alice", "embed", "beforeRequestHook"]
values = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
WORLD = World(effects={"alice": [effect(Action.CAP_N, 1), effect(Action.CAP_OUTPUT_TOKENS, 5)]})
APP = decide_app(WORLD)


async def status(path: str, body: bytes) -> int:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"x-stillwatch-token", TOKEN.encode()), (b"authorization", body[:40])]
    await APP({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    code: int = sent[0]["status"]
    return code


@CALM
@given(st.sampled_from([*ROUTES, "/envoy/v1/completions"]), st.dictionaries(st.sampled_from(KEYS), values, max_size=5))
def test_any_json_gets_a_verdict_or_is_told_what_is_wrong(path: str, document: dict[str, Any]) -> None:
    body = orjson.dumps(document, default=str) if _fits(document) else str(document).encode()
    assert asyncio.run(status(path, body)) < 500


@CALM
@given(st.sampled_from([*ROUTES, "/envoy/v1/completions"]), st.binary(max_size=80))
def test_any_bytes_do_too(path: str, body: bytes) -> None:
    assert asyncio.run(status(path, body)) < 500


@CALM
@given(st.binary(max_size=120))
def test_any_message_of_envoy_is_answered_or_refused(raw: bytes) -> None:
    async def both() -> None:
        service = WORLD.service()
        for answer in (envoy_grpc.check(service, raw), envoy_rls.should_rate_limit(service, raw)):
            with contextlib.suppress(WireError):
                assert await answer

    asyncio.run(both())


def _fits(value: object) -> bool:
    """Whether orjson can write it: 64-bit numbers only."""
    if isinstance(value, dict):
        return all(map(_fits, value.values()))
    if isinstance(value, list):
        return all(map(_fits, value))
    return not isinstance(value, int) or abs(value) < 2**63
