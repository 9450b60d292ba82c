"""POST to somebody who may be slow, broken or hostile."""

from __future__ import annotations

import socket

import pytest

from loopback import answering, trickling
from stillwatch.errors import EvidenceError
from stillwatch.evidence.posting import Posted, excerpt, post


def ask(url: str, *, seconds: float = 5.0) -> Posted:
    return post(url, b"question", content_type="text/plain", max_bytes=10, seconds=seconds)


def test_the_answer_comes_back_whatever_its_status() -> None:
    with answering(lambda path, body: (418, "text/x", path.encode() + body[:1])) as url:
        assert ask(f"{url}/a/b?c=d") == Posted(418, "text/x", b"/a/b?c=dq")
        assert ask(url) == Posted(418, "text/x", b"/q")


def test_a_redirect_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with trickling(head) as url:
        assert ask(url).status == 302


def test_a_longer_answer_is_refused() -> None:
    with answering(lambda *_: (200, "text/x", bytes(11))) as url, pytest.raises(EvidenceError, match="longer than 10"):
        ask(url)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ],
)
def test_an_answer_that_is_none_or_cut_off_is_refused(reply: bytes) -> None:
    with trickling(reply) as url, pytest.raises(EvidenceError, match=url):
        ask(url)


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_an_answer_that_never_ends_costs_the_time_allowed(reply: bytes) -> None:
    # Every byte restarts a socket's own time-out: without a deadline for the whole, this would be waited for.
    with trickling(reply, for_seconds=5) as url, pytest.raises(EvidenceError, match=r"cut off after 0\.2 s"):
        post(url, b"", content_type="text/plain", max_bytes=1 << 30, seconds=0.2)


def test_nobody_there_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EvidenceError, match="no answer"):
        ask(f"http://127.0.0.1:{port}")


def test_a_server_that_cannot_prove_its_name_is_refused() -> None:
    with answering(lambda *_: (200, "text/x", b"")) as url, pytest.raises(EvidenceError, match="no answer"):
        ask(url.replace("http:", "https:"))


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "http://a:99999/", "http://a/\r\nX: y"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(EvidenceError, match="not an http or https address"):
        ask(url)


def test_an_excerpt_is_one_line_that_a_terminal_does_not_obey() -> None:
    assert excerpt(b"\x1b[31mred\nand\xff more" + b"a" * 999).startswith("[31mred and\ufffd more")
    assert len(excerpt(b"a" * 999)) == 200
