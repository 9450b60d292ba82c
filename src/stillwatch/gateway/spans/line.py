"""What a worker says of an ended call for its span: numbers and names, no text of a caller or a model."""

from __future__ import annotations

import time
from typing import NamedTuple

import orjson

from stillwatch.gateway.call import Call

OPERATIONS = frozenset({"chat", "text_completion", "embeddings"})
"""Calls to a model, as ``gen_ai.operation.name`` knows them; other paths have no span."""

LONGEST_REASON = 64
"""Characters of a finish reason: it comes from the model server."""


class SpanLine(NamedTuple):
    """One line of the pipe, in this order. Times are nanoseconds since 1970-01-01 UTC; None = not said."""

    call_id: str
    account: str
    operation: str
    upstream: str
    model: str
    stream: bool
    max_output_tokens: int | None
    n: int
    status: int
    finish_reason: str | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int
    reasoning_tokens: int | None
    started_ns: int
    ended_ns: int
    first_byte_seconds: float


def line_of(call: Call) -> bytes:
    """Return the line of a call that has just ended."""
    ask, usage, ended = call.ask, call.usage, time.time_ns()
    reason = call.finish_reason
    told = SpanLine(
        call.call_id,
        call.caller.account,
        ask.operation,
        call.request.pool.settings.name,
        ask.model,
        ask.stream,
        ask.max_output_tokens,
        ask.n,
        call.status,
        None if reason is None else reason[:LONGEST_REASON],
        usage.input_tokens,
        usage.cached_input_tokens,
        round(call.captured),
        usage.reasoning_tokens,
        ended - round(call.seconds * 1e9),
        ended,
        call.first_byte_seconds,
    )
    return orjson.dumps([*told], option=orjson.OPT_APPEND_NEWLINE)


def read_line(line: bytes) -> SpanLine | None:
    """Return what a line says; None if it is none."""
    try:
        told = orjson.loads(line)
        return SpanLine(*told)
    except (orjson.JSONDecodeError, TypeError):
        return None
