"""What the gateway takes from a request besides its body: who calls, and what the model server may know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from stillwatch.gateway.dialects.shape import Refusal
from stillwatch.gateway.exchange import Header, Message
from stillwatch.gateway.nouns import Caller

FORWARDED = frozenset({b"accept", b"anthropic-version", b"anthropic-beta", b"openai-beta", b"idempotency-key"})
"""The only request headers that go upstream; everything else is ours (credential, host, lengths) or nobody's."""

WANTED = FORWARDED | {
    *(b"authorization", b"x-api-key", b"user-agent", b"content-length", b"content-encoding", b"x-forwarded-for")
}

BEARER = b"bearer "


class CallerLeft(Exception):  # noqa: N818  (nobody is there to be answered)
    """The caller closed the connection before its request was complete."""


class RequestHead:
    """The headers of one request, read in one pass. ``caller`` is for whoever looks the credential up to remember."""

    __slots__ = ("caller", "content_length", "credential", "encoding", "forwarded_for", "upstream_lines", "user_agent")

    def __init__(self, headers: Sequence[Header]) -> None:
        bearer = key = agent = b""
        self.caller: Caller | None = None
        self.forwarded_for: bytes | None = None
        self.encoding = b""
        self.content_length = 0
        lines: list[bytes] = []
        for name, value in headers:
            if name not in WANTED:
                continue
            if name == b"authorization":
                bearer = value if not bearer else b"twice"
            elif name == b"x-api-key":
                key = value if not key else b"twice"
            elif name == b"user-agent":
                agent = value
            elif name == b"content-length":
                self.content_length = int(value)
            elif name == b"content-encoding":
                self.encoding = value
            elif name == b"x-forwarded-for":
                self.forwarded_for = value if self.forwarded_for is None else self.forwarded_for + b"," + value
            else:
                lines.append(b"%s: %s\r\n" % (name, value))
        self.credential = _credential(bearer, key)
        self.user_agent = agent.decode("latin-1")
        self.upstream_lines = b"".join(lines)


def _credential(bearer: bytes, key: bytes) -> str:
    """Return the credential: OpenAI's clients send a bearer token, Anthropic's x-api-key; two that differ are none."""
    token = bearer[len(BEARER) :].strip() if bearer[: len(BEARER)].lower() == BEARER else b""
    if (bearer and not token) or (token and key and token != key):
        return ""
    return (token or key).decode("latin-1")


def check_body(body: bytes, head: RequestHead, most: int) -> bytes:
    """Return a body that is whole already. Raises Refusal (413, 415)."""
    _check_encoding(head)
    return _checked(body, most)


async def read_body(receive: Callable[[], Awaitable[Message]], head: RequestHead, most: int) -> bytes:
    """Return the whole body. Raises Refusal (413, 415), or CallerLeft."""
    _check_encoding(head)
    if head.content_length > most:
        raise _too_large(most)
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"]:
        body: bytes = message["body"]
        return _checked(body, most)
    pieces: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        pieces.append(message["body"])
        size += len(message["body"])
        if size > most:
            raise _too_large(most)
        if not message["more_body"]:
            return b"".join(pieces)
        message = await receive()
    raise CallerLeft


def _check_encoding(head: RequestHead) -> None:
    if head.encoding and head.encoding.lower() != b"identity":
        raise Refusal(415, "Send the body without content-encoding.", code="unsupported_encoding")


def _checked(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise _too_large(most)
    return body


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"The body is longer than {most} bytes.", code="request_too_large")
