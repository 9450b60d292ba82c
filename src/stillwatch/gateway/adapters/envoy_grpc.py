"""Envoy ``ext_authz`` over gRPC: ``envoy.service.auth.v3.Authorization/Check``.

Field numbers: envoy/service/auth/v3/external_auth.proto and attribute_context.proto, google/rpc/status.proto,
envoy/config/core/v3/base.proto and envoy/type/v3/http_status.proto of envoyproxy/data-plane-api.
"""

from __future__ import annotations

import orjson

from stillwatch.gateway.adapters import wire
from stillwatch.gateway.adapters.headers import question_of, refused
from stillwatch.gateway.adapters.nginx import ascii_only
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.verdict import Verdict

SERVICE = "envoy.service.auth.v3.Authorization"
METHOD = "Check"
OK, PERMISSION_DENIED = 0, 7
"""google.rpc.Code."""
OVERWRITE_IF_EXISTS_OR_ADD = 2
"""HeaderValueOption.HeaderAppendAction: what a caller sent under our names does not survive."""


async def check(service: DecisionService, raw: bytes, *, account_header: str = "") -> bytes:
    """Answer a CheckRequest with a CheckResponse, both in wire format. Raises WireError."""
    # CheckRequest.attributes = 1, AttributeContext.request = 4, Request.http = 2
    http = wire.message(wire.message(wire.message(raw, 1), 4), 2)
    # HttpRequest: headers = 3, path = 4, body = 11, raw_body = 12
    headers = {name.lower(): value for name, value in wire.mapping(http, 3).items()}
    body = wire.message(http, 12) or wire.message(http, 11)
    try:
        question = question_of(headers, path=wire.text(http, 4), body=body, account_header=account_header)
        verdict = await service.decide(question)
    except Refusal as refusal:
        verdict = refused(refusal)
    return _allowed(verdict) if verdict.allow else _denied(verdict)


def _allowed(verdict: Verdict) -> bytes:
    # OkHttpResponse: headers = 2 (to the upstream), response_headers_to_add = 6 (to the caller)
    ok = b""
    if verdict.caller is not None:
        ok += wire.write(2, _header("stillwatch-account", ascii_only(verdict.caller.account)))
    for name, value in verdict.headers():
        ok += wire.write(6, _header(name, value))
    return wire.write(1, wire.write(1, OK)) + wire.write(3, ok)


def _denied(verdict: Verdict) -> bytes:
    # DeniedHttpResponse: status = 1 (HttpStatus.code = 1), headers = 2, body = 3
    denied = wire.write(1, wire.write(1, verdict.status))
    for name, value in [*verdict.headers(), ("content-type", "application/json")]:
        denied += wire.write(2, _header(name, value))
    denied += wire.write(3, orjson.dumps(verdict.error()))
    # CheckResponse: status = 1 (google.rpc.Status.code = 1), denied_response = 2
    return wire.write(1, wire.write(1, PERMISSION_DENIED)) + wire.write(2, denied)


def _header(name: str, value: str) -> bytes:
    # HeaderValueOption: header = 1 (HeaderValue: key = 1, value = 2), append_action = 3
    return wire.write(1, wire.write(1, name) + wire.write(2, value)) + wire.write(3, OVERWRITE_IF_EXISTS_OR_ADD)
