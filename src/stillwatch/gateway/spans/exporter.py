"""The exporter: a process of its own that turns lines into spans and sends them to a collector, over OTLP/HTTP.

It shares nothing with a worker but the pipe, so that neither its work nor a collector that is slow, hangs or is away
costs a call anything. The pipe is the queue, and bounded by the system.
"""

from __future__ import annotations

import hmac
import importlib
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from stillwatch.gateway.log import log, log_everything_here
from stillwatch.gateway.metric_page import MetricFile
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.settings import Upstream
from stillwatch.gateway.spans.attributes import Server, attributes_of, error_type, server_of, span_name
from stillwatch.gateway.spans.line import SpanLine, read_line
from stillwatch.gateway.spans.pipe import open_pipe
from stillwatch.store.key import derive_key, read_or_create_key

MOST_AT_ONCE = 512
"""Spans of one request, the SDK's own number for a batch."""
BATCH_SECONDS = 1.0
READ_BYTES = 1 << 16
PSEUDONYM_DIGITS = 16
"""64 bits in hexadecimal: among a million accounts two share one with a chance of 1 in 40 million."""
REMEMBERED = 65_536
SERVICE = "stillwatch-gateway"


@dataclass(frozen=True)
class Export:
    """What an exporter has to know. ``endpoint`` is a whole URL; empty: what the environment says."""

    pipe: Path
    endpoint: str
    upstreams: tuple[Upstream, ...]
    key_file: Path
    account_names: bool
    metrics: Path


def run_exporter(told: Export) -> None:
    """Send spans until SIGTERM, or until the gateway that started this process is gone."""
    log_everything_here()
    for name in ("opentelemetry", "urllib3"):
        # What they say of each try may quote an address with a password; what matters is said below.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    lines = PipeLines(told.pipe)
    exporter = SpanExporter(told)
    gateway = multiprocessing.parent_process()
    while True:
        is_last = bool(stopped) or (gateway is not None and bool(wait([gateway.sentinel], 0)))
        exporter.send(lines.take(0.0 if is_last else BATCH_SECONDS))
        if is_last:
            return


class PipeLines:
    """The lines that come through a pipe."""

    def __init__(self, path: Path) -> None:
        self._pipe = open_pipe(path)
        self._rest = b""

    def take(self, seconds: float) -> list[bytes]:
        """Return the lines that come within so many seconds, at most MOST_AT_ONCE (and what was read with them)."""
        lines: list[bytes] = []
        end = time.monotonic() + seconds
        while len(lines) < MOST_AT_ONCE:
            read = self._read()
            if read:
                *whole, self._rest = (self._rest + read).split(b"\n")
                lines += whole
            elif not wait([self._pipe], max(end - time.monotonic(), 0.0)):
                break
        return lines

    def _read(self) -> bytes:
        try:
            return os.read(self._pipe, READ_BYTES)
        except BlockingIOError:
            return b""


class SpanExporter:
    """Makes spans with OpenTelemetry's SDK and sends them, counting what came of them."""

    def __init__(self, told: Export) -> None:
        """Raise ImportError where the extra ``otel`` is not installed, SettingsError for the key file."""
        trace: Any = importlib.import_module("opentelemetry.trace")
        http: Any = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        export: Any = importlib.import_module("opentelemetry.sdk.trace.export")
        self._trace, self._success = trace, export.SpanExportResult.SUCCESS
        self._http = http.OTLPSpanExporter(endpoint=told.endpoint or None)
        self._finished: list[Any] = []
        self._tracer = _tracer(self._finished)
        self._servers = {u.name: server_of(u) for u in told.upstreams}
        self._users = _names if told.account_names else pseudonyms(read_or_create_key(told.key_file))
        self.metrics = Metrics()
        self._written = MetricFile(told.metrics, self.metrics)
        self._is_failing = False

    def send(self, lines: list[bytes]) -> None:
        """Send the spans of these lines. What the collector does not take, after the SDK's own tries, is lost."""
        told = [one for line in lines if (one := read_line(line)) is not None]
        self.metrics.count("spans_dropped", amount=len(lines) - len(told))
        for one in told:
            self._record(one)
        spans, self._finished[:] = self._finished[:], []
        if spans:
            is_sent = self._http.export(spans) is self._success
            self.metrics.count("spans_sent" if is_sent else "spans_failed", amount=len(spans))
            if is_sent is self._is_failing:
                self._is_failing = not is_sent
                log("spans are taken again" if is_sent else "spans are not taken by the collector", lost=len(spans))
        self._written.write()

    def _record(self, told: SpanLine) -> None:
        server = self._servers.get(told.upstream, Server("openai", told.upstream, 0))
        span = self._tracer.start_span(
            span_name(told),
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes_of(told, server, self._users(told.account)),
            start_time=told.started_ns,
        )
        if error_type(told) is not None:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(told.ended_ns)


def _tracer(finished: list[Any]) -> Any:
    """Return a tracer that leaves sampled spans in a list. Sampling, limits and resource are the environment's."""
    sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
    resources: Any = importlib.import_module("opentelemetry.sdk.resources")
    resource = resources.Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(resources.Resource({"service.name": SERVICE}))

    class Collector(sdk.SpanProcessor):  # type: ignore[misc]  # the SDK is an extra, imported by name
        """Keeps what has ended."""

        def on_end(self, span: Any) -> None:
            """Keep a span."""
            finished.append(span)

    provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(Collector())
    return provider.get_tracer("stillwatch.gateway")


def _names(account: str) -> Mapping[str, str]:
    return {"user.id": account}


def pseudonyms(key: bytes) -> Callable[[str], Mapping[str, str]]:
    """Return a function from account to ``user.hash``, keyed, so that nobody without the key can try names."""
    purpose = derive_key(key, "gateway/spans")

    @lru_cache(maxsize=REMEMBERED)
    def pseudonym(account: str) -> Mapping[str, str]:
        return {
            "user.hash": hmac.new(purpose, account.encode("utf-8", "replace"), sha256).hexdigest()[:PSEUDONYM_DIGITS]
        }

    return pseudonym
