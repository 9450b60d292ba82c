"""The way of one call through the gateway, as a raw ASGI application. The order of its steps is its safety.

1. Route, by the exact path.           Nothing unknown goes further.
2. Credential.                         Nobody unknown costs more than a lookup; the body is not even read.
3. Body, and the ask in it.            What we read is what the model server will read (``dialects/body.py``).
4. Standing and policy.                Refusals of the policy end here, noted.
5. Limits hold what the call needs.    A crash from here on leaks a hold until its lease ends.
6. The journal admits the call.        From here on it has a record, whatever happens.
7. Upstream, and the relay.
8. Settle, release, finish the record. Always, once: also when the caller hangs up, or the task is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from time import time

from stillwatch.evidence.promises import HEADER
from stillwatch.gateway.admission import Admission, Receive, Scope
from stillwatch.gateway.call import Call
from stillwatch.gateway.deadlines import Deadlines
from stillwatch.gateway.dialects import models
from stillwatch.gateway.dialects.errors import error_body
from stillwatch.gateway.dialects.limit_headers import limit_headers
from stillwatch.gateway.dialects.relayed import Relayed
from stillwatch.gateway.dialects.shape import Dialect, Refusal, Vendor
from stillwatch.gateway.dialects.stream import StreamMeter
from stillwatch.gateway.dialects.table import DIALECTS
from stillwatch.gateway.effects import effect_headers
from stillwatch.gateway.exchange import Header, Message
from stillwatch.gateway.log import log
from stillwatch.gateway.pages import Page, Pages, vendor_of
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.relay import read_whole, relay_stream, relay_whole
from stillwatch.gateway.request import CallerLeft, RequestHead
from stillwatch.gateway.settings import Model
from stillwatch.gateway.upstream import UpstreamPool
from stillwatch.gateway.upstream_answer import check_status, failed_upstream, read_headers
from stillwatch.gateway.upstream_connection import UpstreamConnection, UpstreamFailed

Send = Callable[[Message], Awaitable[None]]

JSON: Header = (b"content-type", b"application/json")
CALL_ID = b"stillwatch-call"
RECEIPT = HEADER.encode()


class Proxy:
    """The application of one worker process."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        settings = parts.settings
        self.deadlines = Deadlines()
        self.pools = {u.name: UpstreamPool(u, self.deadlines) for u in settings.upstreams}
        names: dict[str, tuple[Model, UpstreamPool]] = {
            name: (model, self.pools[model.upstream])
            for model in settings.models
            for name in (model.name, *model.aliases)
        }
        self.pages = Pages(parts.state, sorted(names))
        self._admission = Admission(parts, names, self.pools)
        self._dialects = DIALECTS | {path: Relayed(path) for path in settings.allow_paths if path not in DIALECTS}
        self._open = 0
        self._idle: asyncio.Future[None] | None = None
        parts.metrics.gauges["open_calls"] = lambda: float(self._open)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        dialect = self._dialects.get(scope["path"])
        if dialect is not None:
            return self._call(dialect, scope, receive, send)
        return self._answer_page(scope, send)

    async def start(self) -> None:
        """Start the parts, in order."""
        for start in self.parts.starts:
            await start()
        self.deadlines.start()
        self.pages.is_ready = True

    async def stop(self, most_seconds: float = 2.0) -> None:
        """Stop the parts, in reverse order, after the calls that were just cancelled have finished their records."""
        self.pages.is_ready = False
        if self._open:
            self._idle = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._idle], timeout=most_seconds)
        for pool in self.pools.values():
            pool.close()
        await self.deadlines.stop()
        for stop in reversed(self.parts.stops):
            await stop()

    async def _call(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = await self._admission.admit(dialect, scope, receive)
        except Refusal as refusal:
            self.parts.metrics.refused(dialect.name, refusal.status)
            await refuse(dialect.vendor, refusal, send)
            return
        except CallerLeft:
            return
        self._open += 1
        try:
            await self._make(call, send)
        except Refusal as refusal:
            call.status = refusal.status
            await refuse(dialect.vendor, refusal, send, call.call_id)
        finally:
            self._open -= 1
            call.finish()
            self.parts.metrics.finished(call)
            for tell in self.parts.observers:
                tell(call)
            if self._idle is not None and not self._open:
                self._idle.set_result(None)

    async def _make(self, call: Call, send: Send) -> None:
        """Step 7. Raises Refusal while nothing has been sent to the caller."""
        request = call.request
        pool = request.pool
        try:
            upstream = await pool.call(request.method, request.target, request.headers, request.body)
            call.first_byte_seconds = call.seconds
            try:
                check_status(upstream)
                await self._relay(call, upstream, send)
            finally:
                pool.release(upstream)
        except UpstreamFailed as failed:
            self.parts.metrics.count("upstream_failures", (failed.kind,))
            log("upstream failed", upstream=pool.settings.name, kind=failed.kind, call=call.call_id)
            raise failed_upstream(failed) from failed
        except Refusal as refusal:
            if refusal.code.startswith("upstream_"):
                log("upstream refused", upstream=pool.settings.name, code=refusal.code, call=call.call_id)
            raise

    async def _relay(self, call: Call, upstream: UpstreamConnection, send: Send) -> None:
        enforced = call.request.enforced
        headers, is_stream = read_headers(upstream)
        headers.append((CALL_ID, call.call_id.encode()))
        if self.parts.promise is not None:
            headers.append((RECEIPT, self.parts.promise(call.call_id, call.started_at)))
        if enforced.shown:
            headers += effect_headers(enforced)
        if is_stream:
            call.status = upstream.status
            headers += limit_headers(call.dialect.vendor, call.hold.headroom(), time())
            hide = call.dialect.reasoning_filter() if enforced.withholds_reasoning else None
            meter = StreamMeter(
                call.dialect, hide_usage=call.request.hide_usage, filtering=hide, logprobs=call.ask.logprobs
            )
            await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
            await relay_stream(call, upstream, send, meter, enforced.pace)
            return
        answer = await (relay_whole(call, upstream) if upstream.status < 300 else read_whole(upstream))
        call.status = upstream.status
        headers += limit_headers(call.dialect.vendor, call.hold.headroom(), time())
        headers.append((b"content-length", b"%d" % len(answer)))
        await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    # What the gateway answers itself

    async def _answer_page(self, scope: Scope, send: Send) -> None:
        vendor = vendor_of(scope["headers"])
        try:
            status, body = self._page(scope, vendor)
        except Refusal as refusal:
            self.parts.metrics.refused("other", refusal.status)
            await refuse(vendor, refusal, send)
            return
        headers = [JSON, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _page(self, scope: Scope, vendor: Vendor) -> Page:
        path = scope["path"]
        if scope["method"] in {"GET", "HEAD"}:
            if path == "/healthz":
                return self.pages.health()
            if path == "/readyz":
                return self.pages.readiness()
            if path == models.PATH or path.startswith(models.PATH + "/"):
                self._admission.identify(RequestHead(scope["headers"]))
                name = path[len(models.PATH) + 1 :]
                return self.pages.model(name, vendor) if name else self.pages.models(vendor)
        raise Refusal(404, "There is nothing at this path.", code="not_found")


async def refuse(vendor: Vendor, refusal: Refusal, send: Send, call_id: str | None = None) -> None:
    """Answer with an error in the vendor's shape."""
    body = error_body(vendor, refusal, call_id)
    headers = [JSON, (b"content-length", b"%d" % len(body))]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(ceil(refusal.retry_after), 1)))
    if call_id is not None:
        headers.append((CALL_ID, call_id.encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
