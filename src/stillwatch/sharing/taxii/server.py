"""The listener: uvicorn with the application, TLS if there are certificates, and the client's certificate."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stillwatch.errors import SettingsError
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.app import Message, Receive, Send, TaxiiApp
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.collection_store import CollectionStore
from stillwatch.sharing.taxii.endpoints import Endpoints
from stillwatch.sharing.taxii.jobs import Jobs

MAX_REQUESTS = 64
"""Requests at once; further ones are answered 503."""
MAX_PORT = 65_535
Application = Callable[[Message, Receive, Send], Awaitable[None]]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Tls:
    """Files in PEM: the server's certificate with its chain and key, and who signs clients' certificates."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class ServeSettings:
    """Where and how to serve."""

    store: str
    listen: str
    title: str
    contact: str = ""
    tls: Tls | None = None


class CertificateProtocol(HttpToolsProtocol):
    """HTTP/1.1 that tells the application the client's certificate (DER), which was checked against ``client_ca``."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        secured = self.transport.get_extra_info("ssl_object")
        if secured is not None:
            self.scope["client_certificate"] = secured.getpeercert(binary_form=True)  # type: ignore[typeddict-unknown-key]


def serve_taxii(settings: ServeSettings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError and StoreError."""
    database = open_sharing(settings.store)
    callers = Callers(database)
    store = CollectionStore(database, clock=time.time)
    jobs = Jobs(store, clock=time.time, identity_of=callers.identity)
    app = TaxiiApp(Endpoints(store, callers, jobs, title=settings.title, contact=settings.contact), callers)
    jobs.start()
    try:
        serve_app(app, listener, settings.tls)
    finally:
        jobs.stop()
        database.close()


def serve_app(app: Application, listener: socket.socket, tls: Tls | None) -> None:
    """Serve an application until SIGTERM or SIGINT. Raises SettingsError for certificates that cannot be used."""
    uvicorn.Server(_config(app, tls)).run(sockets=[listener])


def bind(address: str, *, tls: Tls | None) -> socket.socket:
    """Listen on ``HOST:PORT``. Raises SettingsError where that cannot be done, or tokens would travel in the clear."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise SettingsError(f"--listen {address}: write HOST:PORT, such as 127.0.0.1:8089")
    if tls is None and host not in LOOPBACK:
        raise SettingsError(
            f"--listen {address}: beyond this machine tokens need TLS; give --tls-certificate and --tls-key, "
            "or listen on 127.0.0.1 behind a proxy that speaks TLS"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family)
    except OSError as problem:
        raise SettingsError(f"--listen {address}: {problem.strerror or problem}; choose another address") from problem


def _config(app: Application, tls: Tls | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        interface="asgi3",
        http=CertificateProtocol,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_REQUESTS,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
        ssl_ca_certs=str(tls.client_ca) if tls and tls.client_ca else None,
        # A client without a certificate may still have a token.
        ssl_cert_reqs=ssl.CERT_OPTIONAL if tls and tls.client_ca else ssl.CERT_NONE,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as problem:
        raise SettingsError(f"--tls-certificate, --tls-key, --client-ca: {problem}; give PEM files") from problem
    return config
