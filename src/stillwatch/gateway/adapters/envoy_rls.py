"""Envoy's rate-limit service: ``envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit``.

A drop-in for envoyproxy/ratelimit behind Envoy, Istio and Envoy AI Gateway. Descriptor entries it reads, by key:
``account`` or ``credential`` (who), ``organization``, ``model``, ``call_id`` and ``unit``:

* ``calls`` (default), before the call: decides as ``/v1/decide`` does. With a ``call_id`` the hold stays open.
* ``input_tokens`` and ``output_tokens``, with ``apply_on_stream_done``: counts ``hits_addend`` tokens of the call with
  this ``call_id``; output ends its hold. Envoy does not wait for that answer.

Field numbers: envoy/service/ratelimit/v3/rls.proto, envoy/extensions/common/ratelimit/v3/ratelimit.proto and
envoy/config/core/v3/base.proto of envoyproxy/data-plane-api.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import orjson

from stillwatch.gateway.adapters import wire
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.nouns import Ask, Caller, Unit
from stillwatch.gateway.verdict import Question, Verdict

SERVICE = "envoy.service.ratelimit.v3.RateLimitService"
METHOD = "ShouldRateLimit"
OK, OVER_LIMIT = 1, 2
"""RateLimitResponse.Code."""
UNIT_MINUTE = 2
"""RateLimitResponse.RateLimit.Unit: our budgets refill by the minute."""


async def should_rate_limit(service: DecisionService, raw: bytes) -> bytes:
    """Answer a RateLimitRequest with a RateLimitResponse, both in wire format. Raises WireError.

    Over the limit if any descriptor is. A descriptor that names no account is not counted, as in envoyproxy/ratelimit
    one without a matching rule.
    """
    # RateLimitRequest: descriptors = 2, hits_addend = 3
    # RateLimitDescriptor: entries = 1, hits_addend = 3 (UInt64Value: value = 1)
    common = wire.whole(raw, 3) or 1
    worst: Verdict | None = None
    statuses = b""
    for descriptor in wire.messages(raw, 2):
        entries = {wire.text(entry, 1): wire.text(entry, 2) for entry in wire.messages(descriptor, 1)}
        own = wire.message(descriptor, 3)
        verdict = await _descriptor(service, entries, wire.whole(own, 1) if own else common)
        statuses += wire.write(2, _status(verdict))
        if verdict is not None and (worst is None or worst.allow):
            worst = verdict
    allowed = worst is None or worst.allow
    answer = wire.write(1, OK if allowed else OVER_LIMIT) + statuses
    for name, value in worst.headers() if worst is not None else ():
        # RateLimitResponse.response_headers_to_add = 3 (HeaderValue: key = 1, value = 2)
        answer += wire.write(3, wire.write(1, name) + wire.write(2, value))
    if worst is not None and not allowed:
        # RateLimitResponse: raw_body (field 5)
        answer += wire.write(3, wire.write(1, "content-type") + wire.write(2, "application/json"))
        answer += wire.write(5, orjson.dumps(worst.error()))
    return answer


async def _descriptor(service: DecisionService, entries: Mapping[str, str], hits: int) -> Verdict | None:
    call_id, unit = entries.get("call_id", ""), entries.get("unit", Unit.CALLS)
    if unit in {Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS}:
        if unit == Unit.INPUT_TOKENS:
            service.report(call_id, input_tokens=float(hits))
        else:
            service.report(call_id, output_tokens=float(hits), done=True)
        return None
    account, credential = entries.get("account"), entries.get("credential")
    if not account and not credential:
        return None
    caller = Caller(account, organization=entries.get("organization")) if account else None
    ask = Ask(model=entries.get("model", ""))
    bare = credential.removeprefix("Bearer ").strip() if credential and not account else None
    return await service.decide(Question(call_id or uuid4().hex, ask, caller, bare, keep=bool(call_id)))


def _status(verdict: Verdict | None) -> bytes:
    # DescriptorStatus: code = 1, current_limit = 2, limit_remaining = 3, duration_until_reset = 4
    status = wire.write(1, OK if verdict is None or verdict.allow else OVER_LIMIT)
    if verdict is None:
        return status
    if room := verdict.headroom.get(Unit.CALLS):
        # RateLimit: requests_per_unit = 1, unit = 2
        status += wire.write(2, wire.write(1, int(room.limit)) + wire.write(2, UNIT_MINUTE))
        status += wire.write(3, max(0, int(room.remaining)))
    if verdict.retry_after_seconds is not None:
        # google.protobuf.Duration: seconds (field 1)
        status += wire.write(4, wire.write(1, max(1, round(verdict.retry_after_seconds))))
    return status
