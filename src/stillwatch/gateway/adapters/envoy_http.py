"""Envoy ``ext_authz`` over HTTP (envoy.extensions.filters.http.ext_authz.v3.ExtAuthz, ``http_service``).

Envoy sends the call's own method and path under ``path_prefix``, the headers it was told to, and the body if
``with_request_body`` is set. 200 lets the call through; any other status and body goes to the caller as it is.
"""

from __future__ import annotations

import orjson

from stillwatch.gateway.adapters.exchange import Answered, Asked
from stillwatch.gateway.adapters.headers import question_of, refused
from stillwatch.gateway.adapters.nginx import ascii_only
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.dialects.shape import Refusal

PREFIX = "/envoy"


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer the check."""
    path = asked.path.removeprefix(PREFIX)
    try:
        question = question_of(asked.headers, path=path, body=asked.body, account_header=asked.account_header)
        verdict = await service.decide(question)
    except Refusal as refusal:
        verdict = refused(refusal)
    headers = verdict.headers()
    if not verdict.allow:
        headers.append(("content-type", "application/json"))
        return Answered(verdict.status, headers, orjson.dumps(verdict.error()))
    if verdict.caller is not None:
        headers.append(("stillwatch-account", ascii_only(verdict.caller.account)))
    return Answered(200, headers)
