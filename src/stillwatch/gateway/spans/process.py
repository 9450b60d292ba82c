"""Starts the exporter beside a gateway, and another one when it dies."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import threading
import time
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit

from stillwatch.errors import SettingsError
from stillwatch.gateway.log import log
from stillwatch.gateway.settings import GatewaySettings
from stillwatch.gateway.spans.exporter import Export, run_exporter
from stillwatch.gateway.spans.pipe import make_pipe, open_pipe, span_pipe

LIBRARY = "opentelemetry.exporter.otlp.proto.http"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables (OTLP exporter specification)."""
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"
"""The one that is spoken here, and the SDK's default."""
RESTART_SECONDS, LONGEST_RESTART_SECONDS = 1.0, 60.0
"""Until the next one starts: twice as long each time, up to a minute, while none lives longer than that."""
STOP_SECONDS = 10.0
"""At the end, for the spans that still wait; then they are lost."""
CHECK_SECONDS = 0.05


def span_endpoint(settings: GatewaySettings, environ: Mapping[str, str]) -> str | None:
    """Return where spans go: a URL, "" for what the environment says, None for nowhere. Settings come first."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    base = settings.telemetry.otlp_endpoint
    if base:
        url = urlsplit(base)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.query or url.fragment:
            raise SettingsError(
                "[telemetry] otlp_endpoint: must be like http://127.0.0.1:4318, without credentials: those belong into "
                "OTEL_EXPORTER_OTLP_HEADERS"
            )
        return base.rstrip("/") + "/v1/traces"
    if environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    return "" if any(environ.get(name) for name in ENDPOINTS) and _protocol(environ) == HTTP else None


def _protocol(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in PROTOCOLS if environ.get(name)), HTTP)


def start_spans(settings: GatewaySettings, *, metrics: Path) -> SpanProcess | None:
    """Start the exporter if spans are wanted. Raises SettingsError where settings want them and they cannot be sent.

    Where only the environment asks for spans and the library is missing, the log says so and the gateway goes on.
    """
    endpoint = span_endpoint(settings, os.environ)
    if endpoint is None:
        if _protocol(os.environ) != HTTP:
            log("no spans: the environment's collector is to be spoken to in another way", wanted=HTTP)
        return None
    if not _is_installed():
        if endpoint:
            raise SettingsError("[telemetry] otlp_endpoint: needs pip install 'stillwatch[otel]', or leave it out")
        log("no spans: the environment names a collector; pip install 'stillwatch[otel]' to send them there")
        return None
    pipe = span_pipe(settings)
    make_pipe(pipe)
    told = settings.telemetry
    process = SpanProcess(
        Export(pipe, endpoint, settings.upstreams, settings.journal.key_file, told.account_names, metrics)
    )
    process.start()
    return process


class SpanProcess:
    """The exporter, from ``start`` to ``stop``. What comes while it starts waits in the pipe, held open here."""

    def __init__(self, export: Export) -> None:
        self._export, self._stopping = export, threading.Event()
        self._process: BaseProcess | None = None
        self._pipe = open_pipe(export.pipe)
        self._keeper = threading.Thread(target=self._keep, name="spans", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process that exports now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it."""
        self._begin()
        self._keeper.start()

    def stop(self) -> None:
        """Let it send what waits, for STOP_SECONDS at most."""
        self._stopping.set()
        end = time.monotonic() + STOP_SECONDS
        while self._keeper.is_alive() and self._process is not None:
            (self._process.terminate if time.monotonic() < end else self._process.kill)()
            self._keeper.join(CHECK_SECONDS)
        os.close(self._pipe)
        self._export.pipe.unlink(missing_ok=True)

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=run_exporter, args=(self._export,), name="spans", daemon=True)
        self._process.start()

    def _keep(self) -> None:
        seconds, began = RESTART_SECONDS, time.monotonic()
        while self._process is not None:
            self._process.join()
            if self._stopping.wait(seconds):
                return
            log("the exporter of spans ended; another one starts", code=self._process.exitcode)
            lived = time.monotonic() - began
            seconds = RESTART_SECONDS if lived > LONGEST_RESTART_SECONDS else min(2 * seconds, LONGEST_RESTART_SECONDS)
            began = time.monotonic()
            self._begin()


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec(LIBRARY) is not None
    except ModuleNotFoundError:
        return False
