"""The log over HTTP, to read (C2SP tlog-tiles v0.1.0): the checkpoint, tiles and entry bundles by their exact paths.

A raw ASGI application without state: it may be cached, mirrored, or replaced by any static file server over
``log/public``. Nothing else is served, above all not the vault and the keys beside that folder.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.reader import read_public

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PATH = re.compile(
    rb"/(?:checkpoint|tile/(?P<level>entries|[1-5]?[0-9]|6[0-3])/(?:x[0-9]{3}/){0,5}[0-9]{3}"
    rb"(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?)"
)
"""Level 0 to 63 without leading zeros, groups of three digits, width 1 to 255; six groups name 10**18 tiles."""
TILE: Headers = [(b"content-type", b"application/octet-stream"), (b"cache-control", b"max-age=31536000, immutable")]
CHECKPOINT: Headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"max-age=5")]
"""Tiles never change; a checkpoint is cached for seconds only (tlog-tiles, "Checkpoints" and "Merkle Tree")."""
REFUSED: Headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
EVERYWHERE: Headers = [(b"x-content-type-options", b"nosniff"), (b"access-control-allow-origin", b"*")]
"""Anyone may read the log, scripts of other sites too."""


class PublicLog:
    """The ASGI application over a ``public`` folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, scope: Scope, _receive: object, send: Send) -> None:
        """Answer one request; of other protocols only the lifespan is known, and ignored."""
        if scope["type"] != "http":
            return
        status, headers, body = await self._answer(scope)
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *EVERYWHERE, length]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope) -> tuple[int, Headers, bytes]:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, [*REFUSED, (b"allow", b"GET, HEAD")], b"only GET and HEAD\n"
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        found = PATH.fullmatch(path)
        if not found:
            return 404, REFUSED, b"no such path; see https://c2sp.org/tlog-tiles\n"
        try:
            body = await asyncio.to_thread(read_public, self._folder, path.decode()[1:])
        except EvidenceError:
            return 404, REFUSED, b"the log has no such tile\n"
        if found["level"] == b"entries" and _takes_gzip(scope):
            packed = await asyncio.to_thread(gzip.compress, body, mtime=0)
            return 200, [*TILE, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")], packed
        return 200, TILE if found["level"] else CHECKPOINT, body


def _takes_gzip(scope: Scope) -> bool:
    """Tell whether the client named gzip as an encoding it takes (RFC 9110 section 12.5.3); q=0 refuses it."""
    said = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding").lower()
    codings = {part.split(b";")[0].strip(): part.replace(b" ", b"") for part in said.split(b",")}
    return b"gzip" in codings and not re.search(rb";q=0(?:\.0*)?$", codings[b"gzip"])
