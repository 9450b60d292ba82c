"""Requests to others' servers, who may be slow, broken or hostile: limits on time and size, no redirects, no secrets in
the clear."""  # noqa: D205, D209 - one sentence

from __future__ import annotations

import gzip
import ssl
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import orjson

from stillwatch import __version__
from stillwatch.errors import SettingsError, SharingError
from stillwatch.sharing.taxii.answers import MEDIA_TYPE

SECONDS = 60.0
"""Longest silence of a server."""
MAX_ANSWER_BYTES = 64_000_000
"""A page; ten thousand large objects."""
RETRIES = 4
MAX_WAIT_SECONDS = 60.0
"""Longest wait that a server's ``Retry-After`` may ask for; without one it is 1, 2, 4, 8 s."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
BUSY = frozenset({429, 502, 503, 504})
USER_AGENT = f"stillwatch/{__version__}"


@dataclass(frozen=True)
class Credential:
    """What we show: a token, or a client certificate with its key; and whom we trust, where it is not the usual.

    With a ``user`` the token is its password (HTTP Basic, RFC 7617), which every TAXII server takes.
    """

    token: str = ""
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    user: str = ""

    @property
    def authorization(self) -> str:
        """The ``Authorization`` header; empty without a token."""
        if self.user and self.token:
            return f"Basic {b64encode(f'{self.user}:{self.token}'.encode()).decode()}"
        return f"Bearer {self.token}" if self.token else ""


@dataclass(frozen=True)
class Got:
    """An answer: status, JSON (None if it is none), headers."""

    status: int
    json: Any
    headers: HTTPMessage = field(default_factory=HTTPMessage)

    @property
    def says(self) -> str:
        """What an error says, in one printable line."""
        said = self.json.get("description") or self.json.get("title") if isinstance(self.json, dict) else ""
        return "".join(c if c.isprintable() else " " for c in str(said or "no reason given"))[:200]


class Http:
    """Asks servers, with one credential. Raises SharingError if there is no answer, with the address."""

    def __init__(self, credential: Credential, *, media_type: str = MEDIA_TYPE, sleep: Any = time.sleep) -> None:
        """Show this credential everywhere. Raises SettingsError for certificates that cannot be read."""
        self._credential, self._media_type, self._sleep = credential, media_type, sleep
        try:
            self._tls = ssl.create_default_context(cafile=credential.ca)
            if credential.certificate:
                self._tls.load_cert_chain(credential.certificate, credential.key)
        except (OSError, ssl.SSLError) as problem:
            raise SettingsError(f"--certificate, --certificate-key, --ca: {problem}; give PEM files") from problem

    def get(self, url: str) -> Got:
        """GET a resource, waiting for a busy server a few times."""
        return self._patiently("GET", url, None)

    def post(self, url: str, body: bytes) -> Got:
        """POST an envelope, waiting for a busy server a few times."""
        return self._patiently("POST", url, body)

    def _patiently(self, method: str, url: str, body: bytes | None) -> Got:
        for attempt in range(RETRIES):
            got = self._ask(method, url, body)
            if got.status not in BUSY:
                return got
            self._sleep(_wait(got.headers.get("Retry-After", ""), attempt))
        return got

    def _ask(self, method: str, url: str, body: bytes | None) -> Got:
        parts = _split(url)
        headers = {"Accept": self._media_type, "Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
        if self._credential.authorization:
            headers["Authorization"] = self._credential.authorization
        if body is not None:
            headers["Content-Type"] = self._media_type
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connect(parts)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            raw = response.read(MAX_ANSWER_BYTES + 1)
            return Got(response.status, _json(raw, response.headers, url), response.headers)
        except (OSError, HTTPException, ValueError) as problem:
            raise SharingError(f"{url}: no answer: {problem or type(problem).__name__}") from problem
        finally:
            connection.close()

    def _connect(self, parts: SplitResult) -> HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port or 443, timeout=SECONDS, context=self._tls)
        return HTTPConnection(host, parts.port or 80, timeout=SECONDS)


def join(base: str, path: str) -> str:
    """Return the address of a path on a server; another server's is refused, for it would get our token.

    Raises SharingError.
    """
    found = urljoin(base, path)
    if _split(found)[:2] != _split(base)[:2]:
        raise SharingError(f"{base}: names an API root on another server, {found}; give that address yourself")
    return found


def with_query(url: str, query: Mapping[str, str]) -> str:
    """Return an address with parameters; brackets stay as they are, as TAXII writes them."""
    quoted = (f"{name}={_quote(value)}" for name, value in query.items())
    return f"{url}?{'&'.join(quoted)}" if query else url


def _quote(value: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-._~:,") else "".join(f"%{b:02X}" for b in c.encode())
                   for c in value)  # fmt: skip


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or any(c <= " " or not c.isascii() for c in url) or parts.username is not None:
        raise SharingError(f"{url!r}: not an http or https address without a name in it")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SharingError(f"{url}: what is shared does not travel in the clear; use https")
    return parts


def _json(raw: bytes, headers: HTTPMessage, url: str) -> Any:
    if len(raw) > MAX_ANSWER_BYTES:
        raise SharingError(f"{url}: the answer is longer than {MAX_ANSWER_BYTES:,} bytes; ask for smaller pages")
    if headers.get("Content-Encoding", "").lower() == "gzip":
        raw = _unzip(raw, url)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _unzip(raw: bytes, url: str) -> bytes:
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = inflate.decompress(raw, MAX_ANSWER_BYTES)
    except (zlib.error, gzip.BadGzipFile) as problem:
        raise SharingError(f"{url}: the answer cannot be unpacked: {problem}") from problem
    if inflate.unconsumed_tail:
        raise SharingError(f"{url}: the answer is longer than {MAX_ANSWER_BYTES:,} bytes unpacked")
    return plain


def _wait(asked: str, attempt: int) -> float:
    return min(float(asked), MAX_WAIT_SECONDS) if asked.isdecimal() else 2.0**attempt
