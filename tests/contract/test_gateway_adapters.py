"""The shapes in which other gateways ask, as their own code and documentation have them."""

from __future__ import annotations

from typing import Any

import pytest

from decide_world import TOKEN, Reply, World, call, decide_app, effect, serving
from stillwatch.gateway.nouns import Action

PORTKEY: dict[str, Any] = {
    "request": {
        "json": {"model": "large", "n": 4, "messages": [{"role": "user", "content": "hello"}]},
        "text": "hello",
        "isStreamingRequest": False,
        "isTransformed": False,
    },
    "response": {"json": {}, "text": "", "statusCode": None, "isTransformed": False},
    "provider": "openai",
    "requestType": "chatComplete",
    "metadata": {"_user": "alice", "organization": "org"},
    "eventType": "beforeRequestHook",
}
"""portkey-ai/gateway: plugins/default/webhook.ts posts its context and the event's type."""

KONG: dict[str, Any] = {"account": "alice", "organization": "org", "model": "large", "content": "hello"}
"""What docs/integrations.md has Kong's template send."""

LITELLM: dict[str, Any] = {
    "input_type": "request",
    "litellm_call_id": "c1",
    "litellm_trace_id": "t1",
    "structured_messages": [{"role": "user", "content": "hello"}],
    "images": None,
    "tools": [{"type": "function"}],
    "texts": ["hello"],
    "request_data": {"user_api_key_hash": "alice", "user_api_key_org_id": "org", "user_api_key_alias": "a"},
    "request_headers": {"host": "x", "authorization": "[present]"},
    "litellm_version": "1.106.2",
    "additional_provider_specific_params": {},
    "tool_calls": None,
    "model": "large",
}
"""litellm/types/proxy/guardrails/guardrail_hooks/generic_guardrail_api.py, GenericGuardrailAPIRequest."""


def ask(world: World, path: str, body: dict[str, Any]) -> Reply:
    with serving(decide_app(world)) as port:
        return call(f"http://127.0.0.1:{port}{path}", body, x_stillwatch_token=TOKEN)


@pytest.mark.parametrize(
    ("path", "body"), [("/portkey", PORTKEY), ("/kong", KONG), ("/beta/litellm_basic_guardrail_api", LITELLM)]
)
def test_the_account_and_its_ask_are_read(path: str, body: dict[str, Any]) -> None:
    world = World()
    assert ask(world, path, body).status == 200
    ((caller, asked),) = world.asked
    assert (caller.account, caller.organization, asked.model) == ("alice", "org", "large")
    assert asked.input_bytes > 0


def test_portkey_is_told_to_deny_or_given_the_capped_request() -> None:
    stopped = ask(World(effects={"alice": [effect(Action.SUSPEND)]}), "/portkey", PORTKEY).json()
    assert stopped["verdict"] is False
    assert stopped["data"]["code"] == "account_suspended"
    assert "transformedData" not in stopped
    capping = ask(World(effects={"alice": [effect(Action.CAP_N, 1)]}), "/portkey", PORTKEY).json()
    assert capping["verdict"] is True
    assert capping["transformedData"] == {"request": {"json": PORTKEY["request"]["json"] | {"n": 1}}}
    assert "transformedData" not in ask(World(), "/portkey", PORTKEY).json()


def test_portkey_hears_nothing_about_answers() -> None:
    world = World(effects={"alice": [effect(Action.SUSPEND)]})
    answered = {"response": {"json": {}, "statusCode": 200}}
    assert ask(world, "/portkey", PORTKEY | {"eventType": "afterRequestHook"}).json() == {"verdict": True}
    older = {key: value for key, value in PORTKEY.items() if key != "eventType"}
    assert ask(world, "/portkey", older | answered).json() == {"verdict": True}
    assert world.asked == []


def test_portkeys_request_types_are_operations() -> None:
    world = World()
    ask(world, "/portkey", PORTKEY | {"requestType": "embed"})
    assert world.asked[0][1].operation == "embeddings"


def test_kong_is_told_to_block_and_why() -> None:
    said = ask(World(effects={"alice": [effect(Action.SUSPEND)]}), "/kong", KONG).json()
    assert said == {
        "block": True,
        "block_message": "account_suspended: because (https://example.com/x)",
        "block_reason": "account_suspended",
        "block_detail": "because (https://example.com/x)",
    }
    allowed = ask(World(), "/kong", KONG).json()
    assert allowed["block"] is False
    assert allowed.keys() == said.keys()


def test_litellms_guardrail_blocks_with_reason_and_address() -> None:
    path = "/beta/litellm_basic_guardrail_api"
    said = ask(World(effects={"alice": [effect(Action.SUSPEND)]}), path, LITELLM).json()
    assert said == {"action": "BLOCKED", "blocked_reason": "account_suspended: because (https://example.com/x)"}
    assert ask(World(), path, LITELLM).json() == {"action": "NONE"}


def test_litellms_guardrail_leaves_answers_alone() -> None:
    world = World(effects={"alice": [effect(Action.SUSPEND)]})
    said = ask(world, "/beta/litellm_basic_guardrail_api", LITELLM | {"input_type": "response"}).json()
    assert said == {"action": "NONE"}
    assert world.asked == []
