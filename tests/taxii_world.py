"""A TAXII server without a socket, and one with: what its tests ask and are answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.app import TaxiiApp
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.collection_store import CollectionStore
from stillwatch.sharing.taxii.endpoints import Endpoints
from stillwatch.sharing.taxii.jobs import Jobs
from stillwatch.store.sql import Database

MEDIA = "application/taxii+json;version=2.1"
START = 1_790_000_000.0


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Clock:
    """Stands still unless a test moves it: equal times are what bulk loads have."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A server over a database of its own, with a collection and callers of every kind."""

    database: Database
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.callers = Callers(self.database)
        self.store = CollectionStore(self.database, clock=self.clock)
        self.jobs = Jobs(self.store, clock=self.clock, identity_of=self.callers.identity)
        self.app = TaxiiApp(Endpoints(self.store, self.callers, self.jobs, title="Test"), self.callers)
        # Names of its own: several worlds may share a database, which takes long to make.
        mark = uuid4().hex[:8]
        self.collection = self.callers.add_collection(f"Indicators {mark}", "what we know")
        self.hidden = self.callers.add_collection(f"Hidden {mark}")
        may = {"both": (True, True), "reader": (True, False), "writer": (False, True), "nobody": (False, False)}
        self.tokens = {
            name: self.callers.add_caller(
                f"{name} {mark}", read=[self.collection] if reads else [], write=[self.collection] if writes else []
            )
            for name, (reads, writes) in may.items()
        }
        self.root = f"/api/collections/{self.collection}"

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        caller: str | None = "both",
        headers: dict[str, str] | None = None,
        certificate: bytes | None = None,
    ) -> Reply:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"accept": MEDIA} | ({"content-type": MEDIA} if method == "POST" else {})
        if caller:
            sent["authorization"] = f"Bearer {self.tokens[caller]}"
        sent |= headers or {}
        return exchange(self.app, path, method=method, body=raw, headers=sent, certificate=certificate)

    def post(self, *objects: Any, caller: str = "both") -> Reply:
        return self.ask(f"{self.root}/objects/", method="POST", body={"objects": list(objects)}, caller=caller)

    def pages(self, path: str, **query: str) -> list[Reply]:
        """Follow ``next`` to the end."""
        found: list[Reply] = []
        while True:
            text = "&".join(f"{n}={v}" for n, v in query.items())
            found.append(self.ask(f"{path}?{text}"))
            if not found[-1].json.get("more"):
                return found
            query["next"] = found[-1].json["next"]


def exchange(
    app: Any, path: str, *, method: str, body: bytes, headers: dict[str, str], certificate: bytes | None = None
) -> Reply:
    """Ask an application without a socket; ``certificate`` is the client's that TLS has checked, in DER."""
    target, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items() if v],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    } | ({"client_certificate": certificate} if certificate else {})
    return asyncio.run(_exchange(app, scope, body))


async def _exchange(app: Any, scope: dict[str, Any], raw: bytes) -> Reply:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]))


@contextlib.contextmanager
def world_at(url: str) -> Iterator[World]:
    database = open_sharing(url)
    try:
        yield World(database)
    finally:
        database.close()


def stix_object(number: int, *, kind: str = "indicator", version: int = 0, **more: Any) -> dict[str, Any]:
    """Return a STIX object with an id of its number and a version."""
    created = "2026-01-01T00:00:00.000Z"
    made = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": created,
        "modified": f"2026-01-01T00:00:{version:02d}.000Z",
        "name": f"object {number}",
        "pattern": "[autonomous-system:number = 64501]",
        "pattern_type": "stix",
        "valid_from": created,
    }
    return made | more


START_SECONDS = 600
"""A hang is a failure too. A start takes three seconds of CPU: minutes on a machine with many times its load."""


@dataclass
class Served:
    """A server process on loopback."""

    url: str
    process: subprocess.Popen[str]


@contextlib.contextmanager
def serving(store: str, *arguments: str | Path, folder: Path) -> Iterator[Served]:
    """Run ``stillwatch share serve`` on a free port, ended in any case."""
    code = "from stillwatch.cli import main; main()"
    command = [sys.executable, "-c", code, "share", "serve", "--listen", "127.0.0.1:0", "--store", store]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen([*command, *map(str, arguments)], stderr=log, text=True, cwd=folder)
    try:
        yield Served(_wait_for_url(folder / "serve.log", process), process)
    finally:
        process.kill()
        process.wait()


def _wait_for_url(log: Path, process: subprocess.Popen[str]) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        text = log.read_text()
        if "/taxii2/" in text:
            url = text.split()[3].removesuffix("/taxii2/")
            if _answers(url):
                return url
        time.sleep(0.05)
    raise RuntimeError(f"no server after {START_SECONDS} s, or it ended ({process.poll()}): {log.read_text()}")


def _answers(url: str) -> bool:
    if url.startswith("https"):
        return True  # the client that the test makes waits for it
    try:
        urllib.request.urlopen(f"{url}/taxii2/", timeout=10)  # noqa: S310  loopback
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def ids(replies: Any) -> list[str]:
    """Return the ids of the objects of one reply or of several."""
    replies = replies if isinstance(replies, list) else [replies]
    return [o["id"] for r in replies for o in r.json.get("objects", [])]


def versions(reply: Any) -> list[str]:
    """Return when the objects of a reply were changed: the seconds, by which tests tell versions apart."""
    return [o["modified"][17:19] for o in reply.json.get("objects", [])]
