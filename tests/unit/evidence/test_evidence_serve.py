"""The log over HTTP: exact paths, the right headers, nothing else."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from evidence_calls import calls, open_book

from stillwatch.evidence.serve import PublicLog


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    with open_book(folder) as book:
        book.append_calls([calls(0, 300)])
    return folder / "evidence/log/public"


def ask(public: Path, path: str, *, method: str = "GET", encoding: str = "") -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(b"accept-encoding", encoding.encode())] if encoding else []
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": headers}
    asyncio.run(PublicLog(public)(scope, None, send))  # type: ignore[arg-type]
    start, body = sent
    heads = {k.decode(): v.decode() for k, v in start["headers"]}  # type: ignore[attr-defined]
    return start["status"], heads, body["body"]  # type: ignore[return-value]


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/45", "tile/1/000.p/1", "tile/entries/001.p/45"])
def test_a_tile_is_bytes_that_never_change(public: Path, path: str) -> None:
    status, heads, body = ask(public, f"/{path}")
    assert (status, body) == (200, (public / path).read_bytes())
    assert heads["content-type"] == "application/octet-stream"
    assert "immutable" in heads["cache-control"]
    assert heads["content-length"] == str(len(body))


def test_a_checkpoint_is_text_cached_for_seconds(public: Path) -> None:
    status, heads, body = ask(public, "/checkpoint")
    assert (status, body) == (200, (public / "checkpoint").read_bytes())
    assert heads["content-type"] == "text/plain; charset=utf-8"
    assert heads["cache-control"] == "max-age=5"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.0", False), ("br", False), ("", False)],
)
def test_entries_are_packed_for_those_who_take_it(public: Path, encoding: str, *, packed: bool) -> None:
    _, heads, body = ask(public, "/tile/entries/000", encoding=encoding)
    plain = (public / "tile/entries/000").read_bytes()
    assert ("content-encoding" in heads) is packed
    assert (gzip.decompress(body) if packed else body) == plain
    assert "content-encoding" not in ask(public, "/tile/0/000", encoding="gzip")[1]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/checkpoint/", "//checkpoint", "/checkpoint?", "/tile", "/tile/0/0", "/tile/00/000", "/tile/64/000",
        "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/045", "/tile/0/1000", "/tile/0/x00/000",
        "/tile/0/../../../keys/signed", "/tile/0/%30%30%30", "/../keys/vkeys.json", "/keys/signed", "/tile/-1/000",
        "/tile/entries/000/", "/tile/0/000.p/7", "/tile/0/999", "/tile/data/000", "/checkpoint\n",
        "/tile/0/\u0660\u0660\u0660",
    ],
)  # fmt: skip
def test_no_other_path_is_served(public: Path, path: str) -> None:
    status, heads, _ = ask(public, path)
    assert status == 404
    assert heads["cache-control"] == "no-store"


def test_a_head_request_has_no_body_and_others_are_refused(public: Path) -> None:
    status, heads, body = ask(public, "/tile/0/000", method="HEAD")
    assert (status, heads["content-length"], body) == (200, "8192", b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        status, heads, _ = ask(public, "/checkpoint", method=method)
        assert (status, heads["allow"]) == (405, "GET, HEAD")
