"""Requests that are refused before any application sees them, because two servers could read them two ways."""

from __future__ import annotations

from stillwatch.gateway.exchange import plain_answer

NOT_HTTP = b"The request is not valid HTTP."

ERROR = b'{"error":{"message":"%s","type":"invalid_request_error","param":null,"code":"%s"}}'


class BadRequest(Exception):  # noqa: N818  (never leaves the connection)
    """The request is refused before any application sees it."""

    def __init__(self, status: int, message: bytes, code: bytes = b"bad_request") -> None:
        super().__init__(message)
        self.answer = plain_answer(status, ERROR % (message, code))


def cause_of(problem: BaseException) -> BadRequest:
    """Return why a callback gave up. No caller keeps it in a variable: it holds their frames, which would hold it."""
    cause = problem.__context__
    return cause if isinstance(cause, BadRequest) else BadRequest(400, NOT_HTTP)
