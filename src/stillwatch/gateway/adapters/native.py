"""Our own words: ``POST /v1/decide`` and ``POST /v1/report`` (docs/integrations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from stillwatch.gateway.adapters.asks import whole
from stillwatch.gateway.adapters.exchange import Answered, Asked, BadRequest, as_json, text_of
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Ask, Caller, Effect, Mode
from stillwatch.gateway.verdict import Question, Verdict

ASK = {
    "model": str, "operation": str, "stream": bool, "max_output_tokens": int, "n": int,
    "logprobs": bool, "reasoning": bool, "tools": int, "input_bytes": int,
}  # fmt: skip
KNOWN = {"call_id", "credential", "caller", "account", "ask", "input_tokens", "keep"}
REPORTED = {"call_id", "output_tokens", "input_tokens", "done"}


async def decide(service: DecisionService, asked: Asked) -> Answered:
    """Answer one question. The status is 200 for every verdict; 400 for a question that cannot be read."""
    document = asked.json()
    _refuse_unknown(document, KNOWN)
    caller = _caller(document)
    credential = text_of(document, "credential")
    if (caller is None) == (credential is None):
        raise BadRequest("say who calls: credential, or account (or caller), and not both")
    question = Question(
        text_of(document, "call_id") or uuid4().hex,
        _ask(document.get("ask", {})),
        caller,
        credential,
        _number(document, "input_tokens"),
        keep=document.get("keep") is True,
    )
    return as_json(said(await service.decide(question)))


async def report(service: DecisionService, asked: Asked) -> Answered:
    """Count what a call used."""
    document = asked.json()
    _refuse_unknown(document, REPORTED)
    call_id = text_of(document, "call_id")
    if call_id is None:
        raise BadRequest("call_id is missing")
    reported = service.report(
        call_id,
        output_tokens=_number(document, "output_tokens") or 0.0,
        input_tokens=_number(document, "input_tokens"),
        done=document.get("done") is True,
    )
    return as_json({"call_id": call_id, "known": reported.known, "pause_seconds": reported.pause_seconds})


def said(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON."""
    effects = [_effect(e) for e in verdict.enforced()]
    document: dict[str, Any] = {
        "call_id": verdict.call_id,
        "allow": verdict.allow,
        "status": verdict.status,
        "account": verdict.caller.account if verdict.caller else None,
        "effects": effects,
        "shadow": [_effect(e) for e in verdict.decision.effects if e.mode is Mode.SHADOW],
        "headers": verdict.headers(),
        "limits": {
            unit.value: {"limit": room.limit, "remaining": room.remaining, "reset_seconds": room.reset_seconds}
            for unit, room in verdict.headroom.items()
        },
    }
    if not verdict.allow:
        document |= {"code": verdict.code, "message": verdict.message, "url": verdict.url}
        document["retry_after_seconds"] = verdict.retry_after_seconds
    return document


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "action": effect.action.value,
        "amount": effect.amount,
        "rule": effect.rule,
        "reason": effect.reason,
        "url": effect.url,
        "until": effect.until,
        "silent": effect.silent,
    }


def _caller(document: Mapping[str, Any]) -> Caller | None:
    told = document.get("caller")
    if told is None and (account := text_of(document, "account")):
        return Caller(account)
    if told is None:
        return None
    if not isinstance(told, dict) or not (account := text_of(told, "account")):
        raise BadRequest("caller is not an object with an account")
    _refuse_unknown(told, {"account", "organization", "plan", "verification", "created_at"})
    return Caller(
        account,
        organization=text_of(told, "organization"),
        plan=text_of(told, "plan") or "",
        verification=text_of(told, "verification") or "none",
        created_at=_number(told, "created_at"),
    )


def _ask(told: object) -> Ask:
    if not isinstance(told, dict):
        raise BadRequest("ask is not an object")
    _refuse_unknown(told, set(ASK))
    for key, kind in ASK.items():
        value = told.get(key)
        if value is not None and (type(value) is not kind or (kind is int and whole(value) is None)):
            raise BadRequest(f"ask.{key} is not {kind.__name__}")
    given = {key: value for key, value in told.items() if value is not None}
    return Ask(**{"model": "", **given, "n": max(1, given.get("n", 1))})


def _number(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    # Written so that not-a-number fails too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise BadRequest(f"{key} is not a number of at least 0")
    return float(value)


def _refuse_unknown(document: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(document.keys() - known):
        raise BadRequest(f"no such key: {unknown[0]}; known: {', '.join(sorted(known))}")
