"""The asking side: a number first; contents only of what was counted, above the minimum, and if both sides consent."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson

from stillwatch.errors import SharingError
from stillwatch.sharing.overlap.psi import ask, asked
from stillwatch.sharing.overlap.server import Side
from stillwatch.sharing.taxii.http import Http
from stillwatch.store.sql import Database


def find_count(http: Http, url: str, side: Side, database: Database) -> int:
    """Ask how many of our values the partner has, and tell it. Raises SharingError if it refuses, or we may not."""
    period = side.agreement.period(side.clock())
    asking = ask(side.key(period), side.values, contents=False)
    elements, digest, _ = asked(asking.request)
    limits = side.limits(database, asker=side.me, period=period)
    # 1. Count and record it here.  A crash from here on costs us a run.
    limits.count_run(elements, digest)
    side.record(side.partner, f"overlap, number only: we ask about {elements} elements; {_terms(side, period)}")
    # 2. Ask.                       The partner counts and records it, too.
    said = _post(http, url, "count", side, period, request=b64encode(asking.request).decode())
    found = asking.count(_bytes(said, "setup"), _bytes(said, "response"))
    # 3. Both sides note the number.
    limits.note_found(found)
    _post(http, url, "found", side, period, found=found)
    side.record(side.partner, f"overlap: {found} are in common; {_terms(side, period)}")
    return found


def find_contents(http: Http, url: str, side: Side, database: Database) -> list[str]:
    """Ask which of the values that were counted the partner has. Raises SharingError without both sides' consent."""
    period = side.agreement.period(side.clock())
    asking = ask(side.key(period), side.values, contents=True)
    _, digest, _ = asked(asking.request)
    side.limits(database, asker=side.me, period=period).check_contents(digest)
    side.record(side.partner, f"overlap, contents: we ask; {_terms(side, period)}")
    said = _post(http, url, "contents", side, period, request=b64encode(asking.request).decode())
    return asking.common(_bytes(said, "setup"), _bytes(said, "response"))


def _post(http: Http, url: str, step: str, side: Side, period: int, **given: object) -> dict[str, Any]:
    address = f"{url.rstrip('/')}/overlap/{step}"
    body = {"agreement": side.agreement.digest, "period": period, **given}
    got = http.post(address, orjson.dumps(body))
    if got.status != 200 or not isinstance(got.json, dict):
        raise SharingError(f"{address}: answered {got.status}: {got.says}")
    return got.json


def _bytes(said: dict[str, Any], name: str) -> bytes:
    try:
        return b64decode(said[name], validate=True)
    except (KeyError, TypeError, ValueError):
        raise SharingError(f"the partner's answer has no {name}") from None


def _terms(side: Side, period: int) -> str:
    return f"agreement {side.agreement.digest[:16]}, period {period}: {side.agreement.purpose}"[:300]
