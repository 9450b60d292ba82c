"""A worker's end of the pipe to the exporter: one write a call that never waits."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import orjson

from stillwatch.gateway.call import Call
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.spans.line import OPERATIONS, line_of

LONGEST_LINE = select.PIPE_BUF
"""Bytes that a pipe takes whole or not at all (POSIX write): lines of several workers never mix."""

RETRY_SECONDS = 1.0
"""Between two tries to find a reader."""


class SpanSender:
    """Hands over ended calls; what the pipe does not take at once is dropped and counted (``spans_dropped``)."""

    def __init__(self, path: Path, metrics: Metrics, *, clock: Callable[[], float] = monotonic) -> None:
        self._path, self._metrics, self._clock = path, metrics, clock
        self._pipe: int | None = None
        self._retry_at = 0.0

    def ended(self, call: Call) -> None:
        """Hand over a call. Never waits, never raises for what is in it or for the pipe."""
        if call.ask.operation not in OPERATIONS:
            return
        try:
            line = line_of(call)
        except orjson.JSONEncodeError:
            line = b""
        if not 0 < len(line) <= LONGEST_LINE or not self._write(line):
            self._metrics.count("spans_dropped")

    def close(self) -> None:
        """Let go of the pipe."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def _write(self, line: bytes) -> bool:
        pipe = self._open() if self._pipe is None else self._pipe
        if pipe is None:
            return False
        try:
            os.write(pipe, line)
        except BlockingIOError:
            return False
        except OSError:
            # The exporter died; another one is on its way.
            self.close()
            return False
        return True

    def _open(self) -> int | None:
        now = self._clock()
        if now < self._retry_at:
            return None
        self._retry_at = now + RETRY_SECONDS
        try:
            pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
            os.close(pipe)
            return None
        self._pipe = pipe
        return pipe
