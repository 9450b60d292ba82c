"""A request head that was parsed once and comes again, byte for byte, on the same connection.

Clients write one head for all their calls but for the length of the body. What those bytes say was settled when the
parser read them, so the same bytes need no second reading: whatever differs in a single byte goes to the parser.
"""

from __future__ import annotations

import re
from typing import Any

from stillwatch.gateway.exchange import Header
from stillwatch.gateway.request import RequestHead

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,10})\r\n", re.IGNORECASE)
MOST_DIGITS = 10
"""A body of ten gigabytes; ``Listen.max_body_bytes`` is far below."""

MOST_BYTES = 4096
"""A longer head is not kept: the public clients write about 1 KB, and every connection keeps one."""

MOST_LEARNT = 8
"""Heads a connection learns before it learns no more: a client that changes them every time repeats none."""

BLANK = b"\r\n\r\n"


class KnownHead:
    """One head, with the scope it makes."""

    __slots__ = ("_after", "_before", "_headers", "_length_at", "_scope")

    def __init__(self, before: bytes, after: bytes, scope: dict[str, Any]) -> None:
        self._before, self._after = before, after
        self._headers: list[Header] = scope["headers"]
        self._length_at = [name for name, _ in self._headers].index(b"content-length")
        head = RequestHead(self._headers)
        # Of another request's body; this one's length is looked at where it is matched.
        head.content_length = 0
        self._scope = {**scope, "head": head}

    def match(self, data: bytes) -> tuple[int, int] | None:
        """Return where the body begins in what was read and how long it will be; None if this is another head."""
        before = self._before
        if not data.startswith(before):
            return None
        at = len(before)
        end = data.find(b"\r", at, at + MOST_DIGITS + 1)
        digits = data[at:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self._after, end):
            return None
        return end + len(self._after), int(digits)

    def scope(self, length: int) -> dict[str, Any]:
        """Return the scope of another request with this head and a body of that length."""
        scope = self._scope.copy()
        headers = scope["headers"] = self._headers.copy()
        headers[self._length_at] = (b"content-length", b"%d" % length)
        return scope


class HeadMemory:
    """The head that one connection's client writes, once it has written it."""

    __slots__ = ("_known", "_learnt")

    def __init__(self) -> None:
        self._known: KnownHead | None = None
        self._learnt = 0

    def learn(self, data: bytes, scope: dict[str, Any], *, body_bytes: int) -> None:
        """Keep the head that began what was just read, unless something about it is odd.

        ``scope`` is what the parser made of it: one content-length, and no other framing. ``body_bytes`` is how much of
        what was read the parser took for the body: only if the first blank line leaves exactly that is it the head's
        end.
        """
        end = data.find(BLANK) + len(BLANK)
        if self._learnt >= MOST_LEARNT or not len(BLANK) <= end <= MOST_BYTES or len(data) - end != body_bytes:
            return
        head = data[:end]
        found = LENGTH.search(head)
        if found is not None:
            self._known = KnownHead(head[: found.start(1)], head[found.end(1) :], scope)
            self._learnt += 1

    def recall(self, data: bytes, most_body_bytes: int) -> tuple[dict[str, Any], bytes, int] | None:
        """Return scope, body, and how much of the body is still to come; None where the parser has to look.

        That is also where more came than one request, or a body too long to be taken. A whole body is in the scope too.
        """
        found = None if self._known is None else self._known.match(data)
        if self._known is None or found is None:
            return None
        start, length = found
        body = data[start:]
        missing = length - len(body)
        if missing < 0 or length > most_body_bytes:
            return None
        scope = self._known.scope(length)
        if missing == 0:
            scope["body"] = body
        return scope, body, missing
