"""Portkey's webhook guardrail (``default.webhook`` of its gateway, plugins/default/webhook.ts): before the request.

A verdict of false denies (HTTP 446) or marks (246) the call, as the guardrail's settings say. Caps are applied by
giving back the changed request. Portkey's own default, when the webhook does not answer in time, lets the call through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from stillwatch.gateway.adapters.asks import ask_of
from stillwatch.gateway.adapters.caps import capped
from stillwatch.gateway.adapters.exchange import Answered, Asked, BadRequest, as_json, text_of
from stillwatch.gateway.adapters.native import said
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Caller
from stillwatch.gateway.verdict import Question

ACCOUNTS = ("account", "_user", "user_id")
"""Keys of Portkey's ``metadata`` that name the account: ours, Portkey's own, and the usual one."""
PATHS = {"embed": "/v1/embeddings", "complete": "/v1/completions"}
"""Portkey's ``requestType`` for what is not chat."""


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer the webhook."""
    document = asked.json()
    if _is_answer(document):
        return as_json({"verdict": True})
    request = document.get("request")
    body = request.get("json") if isinstance(request, dict) else None
    metadata = document.get("metadata")
    account = text_of(metadata, *ACCOUNTS) if isinstance(metadata, dict) else None
    if not isinstance(body, dict):
        raise BadRequest("request.json is missing")
    if account is None:
        raise BadRequest(f"metadata names no account; send one of {', '.join(ACCOUNTS)}")
    organization = text_of(metadata or {}, "organization")
    path = PATHS.get(str(document.get("requestType")), "")
    ask = ask_of(body, path=path, size=_size(request))
    verdict = await service.decide(Question(uuid4().hex, ask, Caller(account, organization=organization)))
    answer: dict[str, Any] = {"verdict": verdict.allow, "data": said(verdict)}
    changed = capped(body, verdict, generates=ask.operation != "embeddings")
    if verdict.allow and changed is not body:
        answer["transformedData"] = {"request": {"json": changed}}
    return as_json(answer)


def _is_answer(document: Mapping[str, Any]) -> bool:
    """Tell hooks after the call: by their type, and in versions that send none, by the answer's status."""
    response = document.get("response")
    answered = isinstance(response, dict) and response.get("statusCode") is not None
    return document.get("eventType") == "afterRequestHook" or ("eventType" not in document and answered)


def _size(request: object) -> int:
    text = request.get("text") if isinstance(request, Mapping) else None
    return len(text) if isinstance(text, str) else 0
