"""What a request asks for: the filters and paging of TAXII 2.1 section 3.4, read strictly."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from stillwatch.sharing.taxii.answers import RefusedError
from stillwatch.sharing.taxii.times import read_time

PAGE = 1_000
"""Objects of a page at most, and of one whose request names no limit: about 1 MB."""
MAX_VALUES = 200
"""Values of one filter."""
MAC_BYTES = 16

OBJECTS = frozenset(
    {"added_after", "limit", "next", "match[id]", "match[type]", "match[version]", "match[spec_version]"}
)
OBJECT = OBJECTS - {"match[id]", "match[type]"}
VERSIONS = OBJECT - {"match[version]"}
DELETE = frozenset({"match[version]", "match[spec_version]"})
NONE: frozenset[str] = frozenset()
"""Which parameters each endpoint takes."""


@dataclass(frozen=True)
class Versions:
    """Which versions of each object; the latest if nothing is said."""

    first: bool = False
    last: bool = False
    all: bool = False
    times: tuple[int, ...] = ()


LATEST = Versions(last=True)


@dataclass(frozen=True)
class Filters:
    """``after`` is exclusive, in microseconds since 1970; empty tuples filter nothing."""

    after: int = 0
    limit: int = PAGE
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    spec_versions: tuple[str, ...] = ()
    versions: Versions = field(default=LATEST)


@dataclass(frozen=True)
class Pages:
    """Says where a next page begins, in a text that nobody else can make and every process of the server can read."""

    secret: bytes

    def write(self, collection: str, after: int) -> str:
        """Return ``next`` for what comes after a ``date_added``."""
        number = after.to_bytes(8, "big")
        return urlsafe_b64encode(number + self._mac(collection, number)).decode().rstrip("=")

    def read(self, collection: str, text: str) -> int:
        """Return after which ``date_added`` the page begins. Raises RefusedError for one that we did not write."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raw = b""
        number, mac = raw[:8], raw[8:]
        if len(raw) != 8 + MAC_BYTES or not hmac.compare_digest(mac, self._mac(collection, number)):
            raise RefusedError(400, "next: not from an answer of this collection; begin again with added_after")
        return int.from_bytes(number, "big")

    def _mac(self, collection: str, number: bytes) -> bytes:
        return hmac.new(self.secret, collection.encode() + number, sha256).digest()[:MAC_BYTES]


def read_filters(
    query: Collection[tuple[str, str]], *, known: frozenset[str], pages: Pages, collection: str
) -> Filters:
    """Read a query. Raises RefusedError, 400, for a parameter that is unknown here, twice there, or senseless."""
    given: dict[str, str] = {}
    for name, value in query:
        if name not in known:
            raise RefusedError(400, f"no such parameter here; known: {', '.join(sorted(known)) or 'none'}")
        if name in given:
            raise RefusedError(400, f"{name}: given twice; write several values with commas")
        given[name] = value
    after = _time(given, "added_after")
    if "next" in given:
        # A client that repeats added_after beside next means the next page, not the first again.
        after = max(after, pages.read(collection, given["next"]))
    return Filters(
        after=after,
        limit=_limit(given),
        ids=_values(given, "match[id]"),
        types=_values(given, "match[type]"),
        spec_versions=_values(given, "match[spec_version]"),
        versions=_versions(given) if "match[version]" in known else Versions(all=True),
    )


def _time(given: Mapping[str, str], name: str) -> int:
    if name not in given:
        return 0
    found = read_time(given[name])
    if found is None or found < 0:
        raise RefusedError(400, f"{name}: not an RFC 3339 time in UTC, such as 2026-11-25T12:00:00.000001Z")
    return found


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(PAGE))
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < 1:
        raise RefusedError(400, "limit: not a positive number")
    return min(int(text), PAGE)


def _values(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    if name not in given:
        return ()
    values = tuple(dict.fromkeys(v.strip() for v in given[name].split(",")))
    if len(values) > MAX_VALUES or not all(values):
        raise RefusedError(400, f"{name}: 1 to {MAX_VALUES} values with commas between them, none empty")
    return values


def _versions(given: Mapping[str, str]) -> Versions:
    values = _values(given, "match[version]")
    if not values:
        return LATEST
    times = [read_time(v) for v in values if v not in {"first", "last", "all"}]
    if None in times or ("all" in values and len(values) > 1):
        raise RefusedError(400, "match[version]: first, last and times with commas between them, or all alone")
    return Versions("first" in values, "last" in values, "all" in values, tuple(t for t in times if t is not None))
