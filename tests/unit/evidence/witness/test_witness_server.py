"""The witness as an ASGI application."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence.witness import server
from stillwatch.evidence.witness.server import WitnessApplication, bind_witness
from stillwatch.evidence.witness.submission import MAX_SUBMISSION_BYTES
from witness_parties import ORIGIN, FakeLog, new_witness

LOG = FakeLog()
ID = sha256(ORIGIN.encode()).hexdigest()


class Caller:
    """Sends requests to the application without a network; an empty list of chunks never ends."""

    def __init__(self, folder: Path) -> None:
        self.errors: list[str] = []
        self.unread = 0
        self._application = WitnessApplication(new_witness(folder), on_error=self.errors.append)

    def __call__(self, method: str, path: str, chunks: list[bytes] | None = None) -> tuple[int, dict[str, str], bytes]:
        return asyncio.run(self._ask(method, path, [b""] if chunks is None else chunks))

    async def _ask(self, method: str, path: str, chunks: list[bytes]) -> tuple[int, dict[str, str], bytes]:
        waiting, sent = list(chunks), []

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._application({"type": "http", "method": method, "path": path}, receive, send)
        self.unread = len(waiting)
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], headers, sent[1]["body"]


def test_a_log_submits_and_a_monitor_reads(tmp_path: Path) -> None:
    call = Caller(tmp_path)
    body = LOG.body(0, 5)
    status, headers, cosignatures = call("POST", "/add-checkpoint", [body[:10], body[10:]])
    assert (status, headers["content-length"]) == (200, str(len(cosignatures)))
    status, headers, seen = call("GET", f"/{ID}/checkpoint")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert seen.decode() == f"{LOG.note(5)}{cosignatures.decode()}"
    assert call("HEAD", f"/{ID}/checkpoint")[1:] == ({**headers}, b"")


def test_the_size_is_named_with_its_type(tmp_path: Path) -> None:
    call = Caller(tmp_path)
    call("POST", "/add-checkpoint", [LOG.body(0, 5)])
    status, headers, body = call("POST", "/add-checkpoint", [LOG.body(3, 9)])
    assert (status, headers["content-type"], body) == (409, "text/x.tlog.size", b"5\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/add-checkpoint", 405),
        ("POST", "/", 404),
        ("GET", f"/{ID}/checkpoint/", 404),
        ("GET", f"/{ID.upper()}/checkpoint", 404),
        ("GET", f"/{ID}/checkpoint", 404),
        ("POST", f"/{ID}/checkpoint", 404),
        ("GET", "/../memory.sqlite", 404),
        ("POST", "/add-checkpoint", 400),
    ],
)
def test_other_requests_are_refused(tmp_path: Path, method: str, path: str, status: int) -> None:
    assert Caller(tmp_path)(method, path)[0] == status


def test_a_body_without_end_is_not_read_to_the_end(tmp_path: Path) -> None:
    call, chunk = Caller(tmp_path), bytes(MAX_SUBMISSION_BYTES // 2 + 1)
    assert call("POST", "/add-checkpoint", [chunk] * 1000)[0] == 413
    assert call.unread == 998


def test_a_caller_who_sends_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.01)
    assert Caller(tmp_path)("POST", "/add-checkpoint", [])[0] == 408


def test_a_memory_that_fails_is_told_to_the_operator_and_not_to_the_caller(tmp_path: Path) -> None:
    call = Caller(tmp_path)
    (tmp_path / "memory.sqlite").write_bytes(b"broken " * 99)
    status, _, body = call("POST", "/add-checkpoint", [LOG.body(0, 5)])
    assert (status, str(tmp_path) in body.decode()) == (503, False)
    assert str(tmp_path) in call.errors[0]


@pytest.mark.parametrize(
    "address", ["", "8088", ":8088", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(EvidenceError, match="HOST:PORT"):
        bind_witness(address)


def test_a_port_that_is_taken_is_refused() -> None:
    listener = bind_witness("127.0.0.1:0")
    port = listener.getsockname()[1]
    with pytest.raises(EvidenceError, match="choose another"):
        bind_witness(f"127.0.0.1:{port}")
    listener.close()
