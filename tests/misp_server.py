"""A stand-in for a MISP server: as much of its documented API (misp-project.org/openapi) as pushing an event needs.

It refuses what the API's schema refuses. It is no MISP: nothing here shows what a real one's database, correlation or
sharing groups make of an event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

from pymisp import MISPEvent

Json = dict[str, Any]
KEY = "a" * 40
VERSION = "2.5.34"
MAPPING: dict[str, list[str]] = MISPEvent().describe_types["category_type_mappings"]


@dataclass
class Misp:
    """What was stored, by UUID, and what was refused."""

    url: str
    events: dict[str, Json] = field(default_factory=dict)


def problems(event: Json) -> list[str]:
    """Say what the schema of an event (Event, Attribute, Tag) does not allow."""
    found = []
    for name, allowed in (("distribution", "0-5"), ("threat_level_id", "1-4"), ("analysis", "0-2")):
        if not re.fullmatch(f"[{allowed}]", str(event.get(name, ""))):
            found.append(f"{name}: {event.get(name)!r}")
    if not 0 < len(event.get("info", "")) <= 65_535:
        found.append("info: empty, or too long")
    date.fromisoformat(event["date"])
    UUID(event["uuid"])
    found += [f"tag: {tag}" for tag in event.get("Tag", []) if not 0 < len(tag["name"]) <= 255]
    for one in event.get("Attribute", []):
        UUID(one["uuid"])
        if one["type"] not in MAPPING.get(one["category"], []):
            found.append(f"attribute: no {one['type']} in {one['category']}")
        if not one["value"]:
            found.append("attribute: empty")
    return found


@contextmanager
def misp_server() -> Iterator[Misp]:
    """Run one on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.misp = Misp(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.misp  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        user = {"User": {"id": "1", "email": "u@misp.example", "org_id": "1", "role_id": "3"}}
        said: dict[str, Json] = {
            "/servers/getPyMISPVersion.json": {"version": VERSION},
            "/servers/getVersion": {"version": VERSION, "perm_sync": True},
            "/users/view/me": {**user, "Role": {"id": "3", "name": "User"}, "UserSetting": []},
        }
        self._answer(said.get(self.path))

    def do_POST(self) -> None:
        misp: Misp = self.server.misp  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        event = body.get("Event", body)
        adds, edits = self.path == "/events/add", self.path.removeprefix("/events/edit/")
        if self.headers["Content-Type"] != "application/json" or not (adds or edits in misp.events):
            self._answer(None)
        elif (adds and event["uuid"] in misp.events) or problems(event):
            self._answer({"name": "refused", "errors": problems(event) or "Event already exists"}, 403)
        else:
            misp.events[event["uuid"]] = event
            self._answer({"Event": {"id": str(len(misp.events)), **event}})

    def _answer(self, said: Json | None, code: int = 200) -> None:
        if self.headers["Authorization"] != KEY:
            said, code = {"name": "Authentication failed."}, 403
        elif said is None:
            said, code = {"name": "Not Found", "url": self.path}, 404
        data = json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
