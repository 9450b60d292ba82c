"""The two gRPC services for Envoy on one port. Needs the extra ``envoy`` (grpcio)."""

from __future__ import annotations

import hmac
import importlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from stillwatch.errors import SettingsError
from stillwatch.gateway.adapters import envoy_grpc, envoy_rls
from stillwatch.gateway.adapters.wire import WireError
from stillwatch.gateway.decision_service import DecisionService

TOKEN_METADATA = "x-stillwatch-token"  # noqa: S105  (the header's name)
GRACE_SECONDS = 1.0
"""At the end, for calls that are being decided: they take microseconds."""
MAX_MESSAGE_BYTES = 33 << 20
"""A body that the gateway would take (32 MiB) and its headers."""

Method = Callable[[bytes], Awaitable[bytes]]
log = logging.getLogger("stillwatch.gateway")


class EnvoyServer:
    """Serves ``Authorization/Check`` and ``RateLimitService/ShouldRateLimit`` to whoever shows the token.

    Raises SettingsError where grpcio is not installed.
    """

    def __init__(self, service: DecisionService, *, token: str, account_header: str = "") -> None:
        try:
            self._grpc: Any = importlib.import_module("grpc")
            aio: Any = importlib.import_module("grpc.aio")
        except ImportError as problem:
            raise SettingsError("grpcio is not installed; install stillwatch[envoy], or set no grpc_port") from problem
        self._token = token.encode()
        self._server = aio.server(options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)])
        methods: list[tuple[str, str, Method]] = [
            (
                envoy_grpc.SERVICE,
                envoy_grpc.METHOD,
                lambda raw: envoy_grpc.check(service, raw, account_header=account_header),
            ),
            (envoy_rls.SERVICE, envoy_rls.METHOD, lambda raw: envoy_rls.should_rate_limit(service, raw)),
        ]
        for name, method, answer in methods:
            handler = self._grpc.unary_unary_rpc_method_handler(self._guarded(answer))
            self._server.add_generic_rpc_handlers(
                (self._grpc.method_handlers_generic_handler(name, {method: handler}),)
            )

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port (another one where 0 was asked for). Raises SettingsError if it is taken."""
        try:
            bound: int = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as problem:
            raise SettingsError(f"[decide] grpc_port: {host}:{port} cannot be listened on: {problem}") from problem
        await self._server.start()
        return bound

    async def stop(self) -> None:
        """Stop after what is being decided."""
        await self._server.stop(GRACE_SECONDS)

    def _guarded(self, answer: Method) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def respond(raw: bytes, context: Any) -> bytes:
            shown = dict(context.invocation_metadata() or ()).get(TOKEN_METADATA, "")
            if not hmac.compare_digest(str(shown).encode("utf-8", "replace"), self._token):
                await context.abort(self._grpc.StatusCode.UNAUTHENTICATED, f"no or wrong {TOKEN_METADATA}")
            try:
                return await answer(raw)
            except WireError as problem:
                await context.abort(self._grpc.StatusCode.INVALID_ARGUMENT, f"not a message: {problem}")
            except Exception:
                log.exception("no verdict: a decision failed")
                await context.abort(self._grpc.StatusCode.INTERNAL, "no verdict: a decision failed; see the log")
            raise AssertionError("abort raises")

        return respond
