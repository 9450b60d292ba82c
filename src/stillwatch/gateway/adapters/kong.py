"""Kong's AI Custom Guardrail (Kong Gateway 3.14 and later): the body and the reading of the answer are configuration.

docs/integrations.md has that configuration: Kong posts ``{"account": …, "request": <the caller's body>}``, and its Lua
function reads ``block``, ``block_reason`` and ``block_detail`` of the answer.
"""

from __future__ import annotations

from uuid import uuid4

import orjson

from stillwatch.gateway.adapters.asks import ask_of
from stillwatch.gateway.adapters.exchange import Answered, Asked, BadRequest, as_json, text_of
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Caller
from stillwatch.gateway.verdict import Question


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer the guardrail."""
    document = asked.json()
    account = text_of(document, "account")
    if account is None:
        raise BadRequest("account is missing; set it in config.request.body from the consumer")
    body, size = _request(document.get("request"))
    caller = Caller(account, organization=text_of(document, "organization"))
    verdict = await service.decide(
        Question(text_of(document, "call_id") or uuid4().hex, ask_of(body, size=size), caller)
    )
    if verdict.allow:
        return as_json({"block": False})
    detail = verdict.message if verdict.url is None else f"{verdict.message} ({verdict.url})"
    return as_json({"block": True, "block_reason": verdict.code, "block_detail": detail, "status": verdict.status})


def _request(told: object) -> tuple[dict[str, object], int]:
    """Return the caller's body and its size; Kong's template gives it as an object or as text."""
    if isinstance(told, str):
        try:
            read = orjson.loads(told)
        except orjson.JSONDecodeError:
            return {}, len(told)
        return (read if isinstance(read, dict) else {}), len(told)
    return (told, len(orjson.dumps(told))) if isinstance(told, dict) else ({}, 0)
