"""The answer on its way from the model server to the caller: passed on as it comes, counted, paused and paced.

A stream is never held back: what one read brought goes out in one write, before the next read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil

import orjson

from stillwatch.gateway.call import NOT_SAID, Call
from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.dialects.stream import StreamMeter, UnfinishedEvent
from stillwatch.gateway.dialects.whole import find_usage
from stillwatch.gateway.exchange import Message
from stillwatch.gateway.upstream_connection import UpstreamConnection, UpstreamFailed

Send = Callable[[Message], Awaitable[None]]

MOST_PAUSE_SECONDS = 300.0
"""A stream whose account has no tokens for this long ends with an error: half the time after which the public clients
give up on a call (10 minutes)."""

MOST_WHOLE_BYTES = 64 << 20
"""An answer that is not streamed and longer than this is refused: it has to be read whole before it is handed on, so
that its tokens are there when the caller gets them."""

BYTES_PER_TOKEN = 4

PACED_SECONDS = 0.25
"""A paced stream is handed on in pieces of this length, so that it flows."""


async def relay_stream(
    call: Call, upstream: UpstreamConnection, send: Send, meter: StreamMeter, pace: float | None
) -> None:
    """Pass a stream on to its end. Sets the call's usage and finish reason, also when it is cancelled.

    What fails on the way ends the stream with an error event in the caller's dialect.
    """
    pacer = Pacer(pace, asyncio.get_running_loop().time) if pace is not None else None
    try:
        while data := await upstream.read():
            before = meter.tokens
            passed = meter.feed(data)
            new = meter.tokens - before
            pause = call.capture(new)
            if pause > 0.0:
                await _pause(call, pause)
            if pacer is not None:
                await pacer.send(passed, new, send)
            elif passed:
                await send({"type": "http.response.body", "body": passed, "more_body": True})
        rest = meter.finish()
        call.finish_reason = meter.finish_reason
    except (UpstreamFailed, UnfinishedEvent, Refusal) as problem:
        call.finish_reason = "error"
        rest = call.dialect.error_event(_as_refusal(problem))
    except asyncio.CancelledError:
        call.finish_reason = meter.finish_reason or "cancelled"
        raise
    finally:
        call.usage = meter.usage or NOT_SAID
    await send({"type": "http.response.body", "body": rest, "more_body": False})


async def relay_whole(call: Call, upstream: UpstreamConnection) -> bytes:
    """Return what the caller gets of an answer that is not streamed, when it may have it.

    Raises UpstreamFailed, also for one that is too long to be kept or cannot be read where it has to be, and Refusal.
    """
    answer = upstream.take_whole()
    if answer is None:
        answer = await read_whole(upstream)
    answer, tokens = _account_for(call, answer, hide_reasoning=call.request.enforced.withholds_reasoning)
    pause = call.capture(tokens)
    if pause > 0.0:
        await _pause(call, pause)
    pace = call.request.enforced.pace
    if pace is not None:
        await asyncio.sleep(min(max(tokens / pace - call.seconds, 0.0), MOST_PAUSE_SECONDS))
    return answer


async def read_whole(upstream: UpstreamConnection) -> bytes:
    """Return a whole answer. Raises UpstreamFailed, also for one that is too long to be kept."""
    whole = upstream.take_whole()
    if whole is not None:
        return whole
    pieces: list[bytes] = []
    size = 0
    while data := await upstream.read():
        pieces.append(data)
        size += len(data)
        if size > MOST_WHOLE_BYTES:
            raise UpstreamFailed("garbage", "the model server's answer is too long")
    return b"".join(pieces)


def _account_for(call: Call, answer: bytes, *, hide_reasoning: bool) -> tuple[bytes, float]:
    """Read usage and finish reason of a whole answer; return what the caller gets of it, and its output tokens."""
    if not call.dialect.generates:
        call.usage = find_usage(answer, call.dialect) or NOT_SAID
        return answer, 0.0
    try:
        said = orjson.loads(answer)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        if hide_reasoning:
            raise UpstreamFailed("garbage", "the model server's answer cannot be read")
        return answer, len(answer) / BYTES_PER_TOKEN
    call.usage = usage = call.dialect.usage(said) or NOT_SAID
    call.finish_reason = call.dialect.finish_reason(said)
    counted = usage.output_tokens
    if hide_reasoning and call.dialect.hide_reasoning(said):
        answer = orjson.dumps(said)
    return answer, len(answer) / BYTES_PER_TOKEN if counted is None else float(counted)


async def _pause(call: Call, seconds: float) -> None:
    """Wait until the budgets have room. Raises Refusal (429) when they have none for too long."""
    waited = 0.0
    while seconds > 0.0:
        if waited + seconds > MOST_PAUSE_SECONDS:
            raise Refusal(429, "The token limit of this account was reached inside the answer.", retry_after=seconds)
        await asyncio.sleep(seconds)
        waited += seconds
        seconds = call.hold.capture(0.0)
    call.paused_seconds += waited


class Pacer:
    """Hands a stream on at so many tokens a second: a piece goes out when the time of its tokens has passed."""

    def __init__(
        self, rate: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._due = clock()

    async def send(self, data: bytes, tokens: float, send: Send) -> None:
        """Hand on what came in, in pieces no longer than ``PACED_SECONDS``."""
        pieces = self._pieces(data, tokens)
        for piece in pieces:
            now = self._clock()
            self._due = max(self._due, now) + tokens / len(pieces) / self._rate
            if self._due > now:
                await self._sleep(self._due - now)
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    def _pieces(self, data: bytes, tokens: float) -> list[bytes]:
        events = data.split(b"\n\n")
        count = min(ceil(tokens / self._rate / PACED_SECONDS), len(events) - 1)
        if count <= 1:
            return [data] if data else []
        whole = [event + b"\n\n" for event in events[:-1]]
        size = ceil(len(whole) / count)
        pieces = [b"".join(whole[at : at + size]) for at in range(0, len(whole), size)]
        pieces[-1] += events[-1]
        return pieces


def _as_refusal(problem: Exception) -> Refusal:
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, UpstreamFailed) and problem.kind == "timeout":
        return Refusal(504, "The model server stopped answering.", code="upstream_timeout")
    return Refusal(502, "The model server's answer broke off.", code="upstream_broken")
