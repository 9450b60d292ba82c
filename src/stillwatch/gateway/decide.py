"""The decision service over HTTP: a raw ASGI application, one token for whoever may ask.

POST /v1/decide, /v1/report                  our own words (adapters/native.py)
POST /beta/litellm_basic_guardrail_api       LiteLLM's Generic Guardrail API
POST /portkey                                Portkey's webhook
POST /kong                                   Kong's AI Custom Guardrail
GET  /nginx                                  nginx auth_request
ANY  /envoy/…                                Envoy ext_authz over HTTP
GET  /healthz                                without a token
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from stillwatch.gateway.adapters import envoy_http, kong, litellm_guardrail, native, nginx, portkey
from stillwatch.gateway.adapters.exchange import Adapter, Answered, Asked, BadRequest, as_json
from stillwatch.gateway.decision_service import DecisionService

MAX_BODY_BYTES = 32 << 20
"""As the gateway's own limit: a body that it would take, it may ask about."""
TOKEN_HEADER = "x-stillwatch-token"  # noqa: S105  (the header's name)
ROUTES: dict[str, Adapter] = {
    "/v1/decide": native.decide,
    "/v1/report": native.report,
    "/beta/litellm_basic_guardrail_api": litellm_guardrail.respond,
    "/portkey": portkey.respond,
    "/kong": kong.respond,
    "/nginx": nginx.respond,
}
BEARER = frozenset({"/v1/decide", "/v1/report", "/portkey", "/kong"})
"""Where ``authorization: Bearer`` may carry our token; elsewhere that header is the caller's own."""
API_KEY = frozenset({"/beta/litellm_basic_guardrail_api"})
"""Where ``x-api-key`` may: LiteLLM sends a guardrail's ``api_key`` there."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
MIN_TOKEN = 16
"""Characters: 64 bits even in hexadecimal."""
NO_CONTENT = 204
log = logging.getLogger("stillwatch.gateway")


class TooLarge(Exception):  # noqa: N818  (answered with 413; nobody else sees it)
    """The body is larger than MAX_BODY_BYTES."""


class DecideApp:
    """The ASGI application. ``health`` says how the parts are; ``account_header`` as in ``adapters/headers.py``."""

    def __init__(
        self,
        service: DecisionService,
        *,
        token: str,
        account_header: str = "",
        health: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        """``token`` is the secret that askers show, at least 16 characters. Raises ValueError for a shorter one."""
        if len(token) < MIN_TOKEN:
            raise ValueError(f"the token has fewer than {MIN_TOKEN} characters")
        self._service, self._token = service, token.encode()
        self._account_header, self._health = account_header.lower(), health

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        answered = await self._answer(scope, receive)
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in answered.headers]
        if answered.status != NO_CONTENT:
            lines.append((b"content-length", b"%d" % len(answered.body)))
        await send({"type": "http.response.start", "status": answered.status, "headers": lines})
        await send({"type": "http.response.body", "body": answered.body})

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> Answered:
        path = scope["path"]
        if path == "/healthz":
            return as_json({"status": "ok", "open_calls": len(self._service.holds), **self._health()})
        adapter = _adapter(path)
        if adapter is None:
            return as_json({"error": "no such path"}, 404)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._may_ask(path, headers):
            return as_json({"error": f"the token is missing or wrong; send it in {TOKEN_HEADER}"}, 401)
        try:
            asked = Asked(scope["method"], path, headers, await _read(receive), self._account_header)
            return await adapter(self._service, asked)
        except (BadRequest, TooLarge) as problem:
            return as_json({"error": str(problem)}, 413 if isinstance(problem, TooLarge) else 400)
        except Exception:
            # Asking gateways decide for themselves what no verdict means (docs/integrations.md); here it is told.
            log.exception("no verdict: a decision failed")
            return as_json({"error": "no verdict: a decision failed; see the log"}, 500)

    def _may_ask(self, path: str, headers: dict[str, str]) -> bool:
        shown = headers.pop(TOKEN_HEADER, None)
        if shown is None and path in BEARER:
            scheme, _, shown = headers.pop("authorization", "").partition(" ")
            shown = shown if scheme.lower() == "bearer" else None
        if shown is None and path in API_KEY:
            shown = headers.pop("x-api-key", None)
        return shown is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), self._token)


def _adapter(path: str) -> Adapter | None:
    if path == envoy_http.PREFIX or path.startswith(envoy_http.PREFIX + "/"):
        return envoy_http.respond
    return ROUTES.get(path)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("the asker hung up")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge(f"the body is larger than {MAX_BODY_BYTES:,} bytes")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
