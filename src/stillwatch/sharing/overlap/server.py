"""The answering side, as an ASGI application: counts, takes what was found, shows contents if both sides consent."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from stillwatch.errors import SharingError, StillwatchError
from stillwatch.sharing.overlap.agreement import Agreement
from stillwatch.sharing.overlap.limits import Limits
from stillwatch.sharing.overlap.psi import answer, asked, pair_key
from stillwatch.sharing.taxii.answers import Answer, RefusedError, refusal
from stillwatch.sharing.taxii.app import BODY_SECONDS, Message, Receive, Send, read_body, send_answer
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.headers import read_token
from stillwatch.store.sql import Database

log = logging.getLogger(__name__)

JSON = "application/json"
Record = Callable[[str, str], None]
"""Writes recipient and purpose into the evidence log."""


@dataclass(frozen=True)
class Side:
    """One host's part: who it is, the agreement, its set, its secret, and how it records."""

    me: str
    agreement: Agreement
    values: list[str]
    secret: bytes
    record: Record
    clock: Callable[[], float]

    @property
    def partner(self) -> str:
        """The other host."""
        return self.agreement.partner_of(self.me)

    def key(self, period: int) -> bytes:
        """Return our key for this partner and period."""
        return pair_key(self.secret, self.agreement, self.partner, period)

    def limits(self, database: Database, *, asker: str, period: int) -> Limits:
        """Return what a side may ask in a period."""
        return Limits(database, self.agreement, asker=asker, period=period)


class OverlapApp:
    """Answers the partner of one agreement, who shows a token of ``share caller``; one question at a time."""

    def __init__(self, side: Side, database: Database) -> None:
        self._side, self._database, self._callers = side, database, Callers(database)
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                made = await self._answer(scope, receive)
        except RefusedError as problem:
            made = refusal(problem)
        except SharingError as problem:
            made = refusal(RefusedError(403, str(problem)))
        except (StillwatchError, TimeoutError) as problem:
            log.warning("an overlap failed: %s", problem)
            made = refusal(RefusedError(503, "this cannot be answered now; try again later"))
        except Exception:
            log.exception("an overlap failed")
            made = refusal(RefusedError(500, "the request failed within the server; its log says why"))
        await send_answer(Answer(made.status, made.body, {**made.headers, "Content-Type": JSON}), scope, send)

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        token, certificate = read_token(scope["headers"]), scope.get("client_certificate")
        caller = await asyncio.to_thread(self._callers.find_caller, token=token, certificate=certificate)
        if caller != self._side.partner:
            raise RefusedError(401, "this answers the partner of the agreement alone; send its token")
        steps = {"/overlap/count": self._count, "/overlap/found": self._found, "/overlap/contents": self._contents}
        if scope["method"] != "POST" or scope["path"] not in steps:
            raise RefusedError(404, f"POST to one of {', '.join(steps)}")
        given = _read(await read_body(scope, receive))
        async with self._one_at_a_time:
            made = await asyncio.to_thread(steps[scope["path"]], given)
        return Answer(200, orjson.dumps(made))

    def _count(self, given: dict[str, Any]) -> dict[str, str]:
        period, request = self._agreed(given), _bytes(given, "request")
        elements, digest, contents = asked(request)
        if contents:
            raise SharingError("the number comes first")
        # 1. Count it against the limits.  A crash here costs the asker a run, and us nothing.
        self._limits(period).count_run(elements, digest)
        # 2. Record it.                    Nothing is answered that is not in the log.
        about = f"they asked about {elements} elements against {len(self._side.values)} of ours"
        self._side.record(self._side.partner, f"overlap, number only: {about}; {self._terms(period)}")
        # 3. Answer.
        return _masked(answer(self._side.key(period), self._side.values, request, contents=False))

    def _found(self, given: dict[str, Any]) -> dict[str, str]:
        period, found = self._agreed(given), given.get("found")
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            raise RefusedError(400, "found: a whole number")
        self._limits(period).note_found(found)
        self._side.record(self._side.partner, f"overlap: they say that {found} are in common; {self._terms(period)}")
        return {}

    def _contents(self, given: dict[str, Any]) -> dict[str, str]:
        period, request = self._agreed(given), _bytes(given, "request")
        elements, digest, contents = asked(request)
        self._limits(period).check_contents(digest)
        if not contents:
            raise SharingError("this is the question for a number; ask for contents")
        self._side.record(self._side.partner, f"overlap, contents: of {elements} elements; {self._terms(period)}")
        return _masked(answer(self._side.key(period), self._side.values, request, contents=True))

    def _agreed(self, given: dict[str, Any]) -> int:
        """Return the period. Raises SharingError unless both hold the same agreement and mean the present."""
        if given.get("agreement") != self._side.agreement.digest:
            raise SharingError("not the agreement that we hold; compare the files")
        period = self._side.agreement.period(self._side.clock())
        if given.get("period") != period:
            raise SharingError("another period than ours has begun; compare the clocks")
        return period

    def _limits(self, period: int) -> Limits:
        return self._side.limits(self._database, asker=self._side.partner, period=period)

    def _terms(self, period: int) -> str:
        return f"agreement {self._side.agreement.digest[:16]}, period {period}: {self._side.agreement.purpose}"[:300]


def _read(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise RefusedError(400, "the body is not a JSON object")
    return given


def _bytes(given: dict[str, Any], name: str) -> bytes:
    try:
        return b64decode(given[name], validate=True)
    except (KeyError, TypeError, ValueError):
        raise RefusedError(400, f"{name}: not base64") from None


def _masked(made: tuple[bytes, bytes]) -> dict[str, str]:
    setup, response = made
    return {"setup": b64encode(setup).decode(), "response": b64encode(response).decode()}
