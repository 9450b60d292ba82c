"""Runs the decision service: HTTP, and Envoy's gRPC services beside it in the same loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import uvicorn

from stillwatch.errors import SettingsError
from stillwatch.gateway.adapters.envoy_server import EnvoyServer
from stillwatch.gateway.decide import MIN_TOKEN, DecideApp
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.open_holds import OpenHolds
from stillwatch.gateway.settings import Decide

SWEEP_SECONDS = 1.0
"""Between two looks for calls that fell silent."""
TOKEN_BYTES = 32


def read_or_create_token(path: Path) -> str:
    """Return the token in this file, made at first use for its owner only.

    Raises SettingsError for a file that cannot be used, that others can read, or whose token is too short.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError), os.fdopen(os.open(path, _NEW, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        token = path.read_text(encoding="ascii").strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: no token can be read or made there: {problem}") from problem
    if mode & 0o077:
        raise SettingsError(f"{path}: others can read it; chmod 600 {path}")
    if len(token) < MIN_TOKEN:
        raise SettingsError(f"{path}: the token has fewer than {MIN_TOKEN} characters; remove the file for a new one")
    return token


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class DecideServer:
    """Serves until ``stop`` or, in the main thread, SIGTERM or SIGINT. Raises SettingsError if it cannot listen."""

    def __init__(
        self, service: DecisionService, settings: Decide, *, health: Callable[[], Mapping[str, object]] = dict
    ) -> None:
        self._service, self._settings = service, settings
        self._token = read_or_create_token(settings.token_file)
        app = DecideApp(service, token=self._token, account_header=settings.account_header, health=health)
        self._http = uvicorn.Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http="httptools",
                lifespan="off",
                access_log=False,
                log_level="warning",
                server_header=False,
                date_header=False,
            )
        )

    @property
    def port(self) -> int | None:
        """Where HTTP is served, None before it is."""
        if not self._http.started:
            return None
        port: int = self._http.servers[0].sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """Stop after what is being decided."""
        self._http.should_exit = True

    async def serve(self) -> None:
        """Serve. Holds of open calls are given back at the end."""
        async with self._envoy(), _sweeping(self._service.holds):
            try:
                await self._http.serve()
            except SystemExit as problem:
                where = f"{self._settings.host}:{self._settings.port}"
                raise SettingsError(f"[decide] port: {where} cannot be listened on; choose another") from problem
            finally:
                self._service.holds.end_all()

    @contextlib.asynccontextmanager
    async def _envoy(self) -> AsyncIterator[None]:
        if not self._settings.grpc_port:
            yield
            return
        server = EnvoyServer(self._service, token=self._token, account_header=self._settings.account_header)
        await server.start(self._settings.host, self._settings.grpc_port)
        try:
            yield
        finally:
            await server.stop()


@contextlib.asynccontextmanager
async def _sweeping(holds: OpenHolds) -> AsyncIterator[None]:
    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            holds.sweep()

    task = asyncio.create_task(sweep())
    try:
        yield
    finally:
        task.cancel()
