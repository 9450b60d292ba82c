"""LiteLLM's Generic Guardrail API: ``guardrail: generic_guardrail_api`` in its configuration, nothing installed there.

It tells who calls, the model and the tools, and no ceiling, samples or stream; it can stop a call and change its texts,
which we never do. For caps, pacing and counting use the plug-in (``litellm_plugin.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from stillwatch.gateway.adapters.exchange import Answered, Asked, BadRequest, as_json, text_of
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.verdict import Question

ACCOUNTS = (
    "user_api_key_hash",
    "user_api_key_user_id",
    "user_api_key_team_id",
    "user_api_key_org_id",
    "user_api_key_end_user_id",
)
"""Who holds the credential, then who stands behind it: the order in which ``ingest/sources/litellm.py`` reads logs."""
GO_ON = {"action": "NONE"}


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer before the call (``input_type: request``); answers themselves are none of our business."""
    document = asked.json()
    if document.get("input_type") != "request":
        return as_json(GO_ON)
    who = document.get("request_data")
    account = text_of(who, *ACCOUNTS) if isinstance(who, dict) else None
    if not isinstance(who, dict) or account is None:
        raise BadRequest("request_data names no key, user, team or organization")
    question = Question(
        text_of(document, "litellm_call_id") or uuid4().hex,
        _ask(document),
        Caller(account, organization=text_of(who, "user_api_key_org_id")),
    )
    verdict = await service.decide(question)
    if verdict.allow:
        return as_json(GO_ON)
    reason = verdict.message if verdict.url is None else f"{verdict.message} ({verdict.url})"
    return as_json({"action": "BLOCKED", "blocked_reason": f"{verdict.code}: {reason}"})


def _ask(document: Mapping[str, Any]) -> Ask:
    texts, tools = document.get("texts"), document.get("tools")
    size = sum(len(t) for t in texts if isinstance(t, str)) if isinstance(texts, list) else 0
    return Ask(
        model=text_of(document, "model") or "", tools=len(tools) if isinstance(tools, list) else 0, input_bytes=size
    )
