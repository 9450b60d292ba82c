"""Kong's AI Custom Guardrail (Kong Gateway 3.14 and later): what it sends and how it reads the answer is configuration.

docs/integrations.md has that configuration: Kong posts ``account``, ``model`` and ``content`` (the texts of the call;
its body is not to be had), and reads ``block`` and ``block_message`` of the answer.
"""

from __future__ import annotations

from uuid import uuid4

from stillwatch.gateway.adapters.exchange import Answered, Asked, BadRequest, as_json, text_of
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.verdict import Question


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer the guardrail."""
    document = asked.json()
    account = text_of(document, "account")
    if account is None:
        raise BadRequest("account is missing; set it in config.params and config.request.body")
    caller = Caller(account, organization=text_of(document, "organization"))
    ask = Ask(text_of(document, "model") or "", input_bytes=len(text_of(document, "content") or ""))
    verdict = await service.decide(Question(uuid4().hex, ask, caller))
    if verdict.allow:
        return as_json({"block": False, "block_message": "", "block_reason": "", "block_detail": ""})
    message = verdict.message if verdict.url is None else f"{verdict.message} ({verdict.url})"
    detail = {"block_reason": verdict.code, "block_detail": message}
    return as_json({"block": True, "block_message": f"{verdict.code}: {message}", **detail})
