"""The admin API's own listener: never the callers' port, in a thread with an event loop of its own."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time

import uvicorn

from stillwatch.errors import SettingsError
from stillwatch.gateway.admin.app import AdminApp
from stillwatch.gateway.settings import GatewaySettings

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
"""Operators and their scripts; further ones are answered 503."""
IDLE_SECONDS = 5
START_SECONDS = 10.0
CHECK_SECONDS = 0.01


class AdminServer:
    """Serves an application on ``admin_host`` and ``admin_port`` from ``start`` to ``stop``."""

    def __init__(self, app: AdminApp, settings: GatewaySettings) -> None:
        """Bind the socket. Raises SettingsError if the port is taken, or is the callers'."""
        refuse_shared_listener(settings)
        self._socket = _bind(settings.admin_host, settings.admin_port)
        if not _is_loopback(settings.admin_host):
            log.warning(
                "the admin API listens beyond this machine (admin_host = %s): its token travels unencrypted; "
                "put TLS in front, or listen on 127.0.0.1",
                settings.admin_host,
            )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=IDLE_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="admin", daemon=True)

    @property
    def port(self) -> int:
        """The port it is bound to; of use where the settings say 0."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Start serving, and return once it does."""
        self._thread.start()
        give_up_at = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_at:
                raise SettingsError("the admin API did not start; the log says why")
            time.sleep(CHECK_SECONDS)

    def stop(self) -> None:
        """Finish open requests and close the socket."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()


def refuse_shared_listener(settings: GatewaySettings) -> None:
    """Refuse settings by which callers would reach the admin API. Raises SettingsError."""
    if settings.admin_port and settings.admin_port == settings.listen.port:
        raise SettingsError(f"admin_port: {settings.admin_port} is the callers' port too; give the admin API its own")


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as problem:
        raise SettingsError(
            f"admin_host, admin_port: cannot listen on {host} port {port}: {problem.strerror}; choose another"
        ) from problem


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
