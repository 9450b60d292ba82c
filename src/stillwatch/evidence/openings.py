"""The host's audit endpoint: it opens the entries of one bundle that a public random value draws, and no others.

    POST /openings    Authorization: Bearer TOKEN    {"beacon": HEX, "size": N, "from": K}

answers at most ``AT_ONCE`` openings from the K-th drawn entry on: the entry, its proof under the bundle's checkpoint,
the disclosures that the host allows and the digests of the rest, and the campaign's key, with which the auditor
computes the pseudonyms. The auditor names no entry: who could, would open the account of their choice. Nothing is
changed here.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.commitments import open_fields
from stillwatch.evidence.notes import Note
from stillwatch.evidence.proofs import LogProof
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.sample import SIZES, check_beacon, draw_sample, sample_seed
from stillwatch.evidence.vault import Vault

AT_ONCE = 100
"""Openings of one answer: about 2 kB each."""
MAX_OPENED = 2 * max(SIZES)
"""Different entries that are opened at most while the endpoint runs: beacon values cannot be tried until one fits."""
MAX_REQUEST_BYTES = 4_096
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass
class Openings:
    """What may be opened: the bundle's calls in their order, the fields, and where the openings are."""

    indices: Sequence[int]
    calls_sha256: str
    fields: frozenset[str]
    reader: LogReader
    note: Note
    vault: Vault
    pseudonyms: Pseudonyms
    opened: set[int] = field(default_factory=set)

    def answer(self, beacon: str, size: int, start: int) -> dict[str, Any]:
        """Open the part of the sample that begins at its entry ``start``.

        Raises EvidenceError for a beacon value, size or start that is none, or where enough has been opened.
        """
        if not 0 < size <= max(SIZES) or start < 0:
            raise EvidenceError(f"size: 1 to {max(SIZES)}, from: 0 or more")
        seed = sample_seed(check_beacon(beacon), self.reader.checkpoint.origin, self.calls_sha256)
        positions = draw_sample(seed, count=len(self.indices), size=size)[start : start + AT_ONCE]
        if len(self.opened.union(positions)) > MAX_OPENED:
            raise EvidenceError(f"{MAX_OPENED} entries have been opened; the host can start this again")
        self.opened.update(positions)
        indices = [self.indices[at] for at in positions]
        found = {index: self._opening(index) for index in indices}
        return {"key": self.pseudonyms.key.hex(), "openings": list(found.values())}

    def _opening(self, index: int) -> dict[str, Any]:
        path = tuple(self.reader.prove(index))
        said: dict[str, Any] = {
            "index": index,
            "entry": self.reader.entry(index).decode(),
            "proof": bytes(LogProof(index, path, str(self.note).encode())).decode(),
        }
        try:
            ((_, seed, fields),) = self.vault.read([index])
        except EvidenceError:
            return said | {"erased": True}
        opening = open_fields(seed, fields, self.fields & set(fields))
        return said | {"disclosures": dict(opening.disclosures), "digests": dict(opening.digests)}


class OpeningsApp:
    """The ASGI application; ``token`` is a secret that the host gives to the auditor."""

    def __init__(self, openings: Openings, token: str) -> None:
        self._openings, self._token = openings, f"Bearer {token}".encode()
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, said = await self._answer(scope, receive)
        body = json.dumps(said).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> tuple[int, dict[str, Any]]:
        if (scope["path"], scope["method"]) != ("/openings", "POST"):
            return 404, {"error": "only POST /openings"}
        given = b"".join(value for name, value in scope["headers"] if name == b"authorization")
        if not hmac.compare_digest(given, self._token):
            return 401, {"error": "no such token; ask the host for one"}
        body = await _read(receive)
        try:
            asked = json.loads(body)
            async with self._one_at_a_time:
                return 200, await asyncio.to_thread(
                    self._openings.answer, str(asked["beacon"]), int(asked["size"]), int(asked["from"])
                )
        except EvidenceError as problem:
            return 400, {"error": str(problem)}
        except (ValueError, KeyError, TypeError):
            return 400, {"error": "not a JSON object with beacon, size and from"}


async def _read(receive: Receive) -> bytes:
    body = b""
    while len(body) <= MAX_REQUEST_BYTES:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
    return b""
