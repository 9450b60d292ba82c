"""A caller's HTTP/1.1 connection, guarded: deadlines, size limits, and nothing that two parsers could read two ways.

It stands where uvicorn's own protocol class would: uvicorn listens, drains and restarts workers. Requests on one
connection are answered one after the other; a request that comes before the last answer ends the connection after it.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from stillwatch.gateway.bad_request import ERROR, NOT_HTTP, BadRequest, cause_of
from stillwatch.gateway.deadlines import NEVER, Deadlines
from stillwatch.gateway.exchange import Exchange, Wire, plain_answer
from stillwatch.gateway.incoming_head import IncomingHead
from stillwatch.gateway.known_head import HeadMemory
from stillwatch.gateway.log import log_failure
from stillwatch.gateway.settings import Listen

LINGER_SECONDS = 2.0
"""After an early error, what the caller still sends is read and thrown away this long, so that the error reaches it
before the connection closes (RFC 9112, section 9.6)."""


class GuardedConfig(Config):
    """uvicorn's configuration, with what the connections need."""

    def __init__(self, listen: Listen, **settings: Any) -> None:
        super().__init__(**settings)
        self.listen = listen
        self.deadlines = Deadlines()


class ServerConnection(asyncio.Protocol):
    """One connection. ``deadline`` is the next moment at which it is given up, on the loop's clock."""

    def __init__(
        self,
        config: GuardedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self._config, self._listen, self._app = config, config.listen, config.loaded_app
        self._state, self._app_state = server_state, app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._wire = cast("Wire", None)
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = self._lingering = False
        self._peer: tuple[str, int] = ("", 0)
        self.deadline = NEVER
        self._head = IncomingHead()
        self._in_headers = False
        self._scope: dict[str, Any] = {}
        self._memory, self._missing = HeadMemory(), 0

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; refuse it where there are too many."""
        self._wire = Wire(cast("asyncio.Transport", transport), self._loop)
        peer = transport.get_extra_info("peername")
        self._peer = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else ("", 0)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn lists its own classes only
        self._config.deadlines.watched.add(self)
        self._config.deadlines.start()
        self.deadline = self._loop.time() + self._listen.header_seconds
        if len(self._state.connections) > self._listen.max_connections:
            self._refuse(BadRequest(503, b"Too many connections; try again later.", b"overloaded"))

    def data_received(self, data: bytes) -> None:
        """Parse, but for a head that came before, and the body behind it."""
        if self._lingering:
            return
        if self._missing:
            data = self._take_body(data)
        elif self._exchange is None and not self._in_headers:
            if not self._begin_known(data):
                self._parse(data)
                self._learn(data)
            return
        if data:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as problem:
            self._refuse(cause_of(problem))
        except httptools.HttpParserError:
            self._refuse(BadRequest(400, NOT_HTTP))
        except httptools.HttpParserUpgrade:
            self._refuse(BadRequest(400, b"Upgrades are not supported."))
        if self._in_headers and not self._lingering:
            self._head.unread += len(data)
            if self._head.unread > self._listen.max_header_bytes:
                self._refuse(BadRequest(431, b"The headers are too long.", b"headers_too_long"))

    def pause_writing(self) -> None:
        """Let the application wait, for so long as an idle connection may last."""
        self._wire.writable = self._loop.create_future()
        self.deadline = self._loop.time() + self._listen.idle_seconds

    def resume_writing(self) -> None:
        """Let it go on."""
        self.deadline = NEVER
        self._unblock()

    def _unblock(self) -> None:
        writable, self._wire.writable = self._wire.writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what is under way: the caller has gone."""
        del exc
        self._state.connections.discard(self)
        self._config.deadlines.watched.discard(self)
        if self._exchange is not None:
            self._exchange.leave()
        self._unblock()
        self._cancel()
        # The parser holds our methods: without this, only the collector of cycles would free the two.
        self._parser = cast("httptools.HttpRequestParser", None)

    def _cancel(self) -> None:
        """Stop the application. A task that has not begun never runs, so it cannot take itself off uvicorn's list."""
        if self._task is not None:
            self._task.add_done_callback(self._state.tasks.discard)
            self._task.cancel()

    def eof_received(self) -> None:
        """Treat a half-closed connection as closed, as the servers of the public APIs do."""

    def shutdown(self) -> None:
        """Close when the answer under way is written (uvicorn calls this when it drains)."""
        if self._exchange is None:
            self._wire.transport.close()
        else:
            self._exchange.keep_alive = False

    def expire(self, now: float) -> None:
        """Give the connection up: 408 where a request has begun, silence where none has."""
        del now
        waiting_for_request = self._exchange is not None and not self._exchange.has_body
        if self._lingering or not (self._in_headers or waiting_for_request) or self._wire.writable is not None:
            self.deadline = NEVER
            self._wire.transport.abort()
        else:
            self._refuse(BadRequest(408, b"The request did not arrive in time.", b"request_timeout"))

    def _refuse(self, problem: BadRequest) -> None:
        """Answer with an error, unless an answer has begun, and end the connection."""
        exchange = self._exchange
        if exchange is not None and exchange.is_started:
            self._closing = True
            exchange.keep_alive = False
            return
        if exchange is not None:
            exchange.leave()
            self._cancel()
        self._wire.transport.write(problem.answer)
        self._linger()

    def _linger(self) -> None:
        self._lingering = True
        self.deadline = self._loop.time() + LINGER_SECONDS
        self._wire.resume_reading()
        if self._wire.transport.can_write_eof():
            self._wire.transport.write_eof()
        else:
            self._wire.transport.close()

    # httptools' side

    def on_message_begin(self) -> None:
        """Start the clock of the headers."""
        if self._exchange is not None:
            self._closing = True
            return
        self._head = IncomingHead()
        self._in_headers = True
        self.deadline = self._loop.time() + self._listen.header_seconds

    def on_url(self, url: bytes) -> None:
        """Collect the target, which may come in pieces."""
        if not self._closing:
            self._head.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        if not self._closing:
            self._head.add(name, value)

    def on_headers_complete(self) -> None:
        """Start the application."""
        if self._closing:
            return
        self._in_headers = False
        parser, head = self._parser, self._head
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        scope = head.scope(method, version, most_bytes=self._listen.max_header_bytes)
        if parser.should_upgrade():
            raise BadRequest(400, b"Upgrades are not supported.")
        scope |= {"client": self._peer, "state": self._app_state}
        self._scope = scope
        keeps = version == "1.1" and parser.should_keep_alive()
        self._begin(scope, keeps=keeps, expects_continue=head.expects_continue)

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body over."""
        if self._exchange is not None and not self._closing:
            self._exchange.take(body)

    def on_message_complete(self) -> None:
        """Hand the end of the body over."""
        if self._exchange is not None and not self._closing:
            self.deadline = NEVER
            self._exchange.end_body()

    # A head that came before

    def _learn(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is not None and exchange.keep_alive and self._head.is_plain and not self._closing:
            self._memory.learn(data, self._scope, body_bytes=exchange.size)

    def _begin_known(self, data: bytes) -> bool:
        """Begin a request whose head came before; False if this is not one. The parser is between two requests."""
        recalled = self._memory.recall(data, self._listen.max_body_bytes)
        if recalled is None:
            return False
        scope, body, self._missing = recalled
        exchange = self._begin(scope, keeps=True, expects_continue=False)
        if body:
            exchange.take(body)
        if not self._missing:
            self.on_message_complete()
        return True

    def _take_body(self, data: bytes) -> bytes:
        """Hand over what belongs to the body of a request whose head was known; return what comes after it."""
        body = data[: self._missing]
        self._missing -= len(body)
        self.on_body(body)
        if not self._missing:
            self.on_message_complete()
        return data[len(body) :]

    # The application's side

    def _begin(self, scope: dict[str, Any], *, keeps: bool, expects_continue: bool) -> Exchange:
        self.deadline = self._loop.time() + self._listen.body_seconds
        self._wire.default_headers = self._state.default_headers
        exchange = self._exchange = Exchange(
            self._wire, scope["method"], keep_alive=keeps, expects_continue=expects_continue
        )
        self._task = self._loop.create_task(self._run(exchange, scope), name="call")
        self._state.tasks.add(self._task)
        return exchange

    async def _run(self, exchange: Exchange, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            pass
        except Exception as problem:  # noqa: BLE001  (whatever it is, the caller gets an answer and others go on)
            log_failure("a call failed inside the gateway", problem)
            if not exchange.is_started and not exchange.is_gone:
                self._wire.transport.write(plain_answer(500, ERROR % (b"The gateway failed.", b"internal_error")))
        finally:
            if self._task is not None:
                self._state.tasks.discard(self._task)
            self._end(exchange)

    def _end(self, exchange: Exchange) -> None:
        """Make the connection ready for the next request, or close it."""
        self._exchange = self._task = None
        self._state.total_requests += 1
        if exchange.is_gone or self._lingering:
            return
        if not exchange.is_answered:
            self._wire.transport.close()
        elif not exchange.has_body:
            self._linger()
        elif self._closing or not exchange.keep_alive:
            self._wire.transport.close()
        else:
            self.deadline = self._loop.time() + self._listen.idle_seconds
            self._wire.resume_reading()
