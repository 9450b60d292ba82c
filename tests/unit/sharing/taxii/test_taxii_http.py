"""Requests to servers that are slow, broken or hostile."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from loopback import handling
from stillwatch.errors import SettingsError, SharingError
from stillwatch.sharing.taxii import http as ours
from stillwatch.sharing.taxii.http import Credential, Http, join, with_query

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], Answer]) -> Iterator[str]:
    with handling(lambda asked, _body: answer(asked)) as url:
        yield f"{url}/"


def test_shows_the_token_and_reads_json_also_packed() -> None:
    seen: list[str | None] = []

    def answer(asked: BaseHTTPRequestHandler) -> Answer:
        seen.append(asked.headers["Authorization"])
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": 1}')

    with server(answer) as url:
        for credential in (Credential("t0ken"), Credential("Passw0rd!", user="jürgen"), Credential()):
            assert Http(credential).get(url).json == {"a": 1}
    assert seen == ["Bearer t0ken", "Basic asO8cmdlbjpQYXNzdzByZCE=", None]


def test_waits_for_a_busy_server_as_long_as_it_asks_within_reason() -> None:
    waited: list[float] = []
    busy = iter([(429, "7"), (503, "999999"), (503, "Wed, 21 Oct 2026"), (200, "")])

    def answer(_asked: BaseHTTPRequestHandler) -> Answer:
        status, wait = next(busy)
        return status, {"Retry-After": wait} if wait else {}, b"{}"

    with server(answer) as url:
        assert Http(Credential(), sleep=waited.append).get(url).status == 200
    assert waited == [7.0, 60.0, 4.0]


def test_a_redirect_is_not_followed_so_that_nobody_else_gets_the_token() -> None:
    with server(lambda _: (302, {"Location": "http://127.0.0.1:9/"}, b"")) as url:
        assert Http(Credential("t0ken")).get(url).status == 302


@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch, *, packed: bool) -> None:
    monkeypatch.setattr(ours, "MAX_ANSWER_BYTES", 1_000)
    plain = b" " * 100_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    with (
        server(lambda _: (200, headers, gzip.compress(plain) if packed else plain)) as url,
        pytest.raises(SharingError, match="longer than 1,000 bytes"),
    ):
        Http(Credential()).get(url)


def test_what_is_no_json_is_none_and_what_is_no_gzip_is_an_error() -> None:
    with server(lambda _: (404, {}, b"<html>")) as url:
        got = Http(Credential()).get(url)
    assert (got.status, got.json, got.says) == (404, None, "no reason given")
    with (
        server(lambda _: (200, {"Content-Encoding": "gzip"}, b"<html>")) as url,
        pytest.raises(SharingError, match="cannot be unpacked"),
    ):
        Http(Credential()).get(url)


def test_what_an_error_says_is_shown_in_one_printable_line() -> None:
    with server(lambda _: (400, {}, b'{"description": "a\\u001b[2Jb\\nc"}')) as url:
        assert Http(Credential()).get(url).says == "a [2Jb c"


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example/",
        "ftp://127.0.0.1/",
        "https://user:secret@hub.example/",
        "https://",
        "https://h.example/a b",
        "x",
    ],
)
def test_an_address_in_the_clear_or_with_a_secret_is_refused(url: str) -> None:
    with pytest.raises(SharingError):
        Http(Credential("t0ken")).get(url)


def test_nobody_there_is_said_with_the_address() -> None:
    with pytest.raises(SharingError, match=r"127\.0\.0\.1:9/: no answer"):
        Http(Credential()).get("http://127.0.0.1:9/")


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    for credential in (Credential(ca=tmp_path / "x.pem"), Credential(certificate=tmp_path / "none.pem")):
        with pytest.raises(SettingsError, match="give PEM files"):
            Http(credential)


def test_paths_stay_on_their_server() -> None:
    assert join("https://hub.example/taxii2/", "/api/") == "https://hub.example/api/"
    for other in ("https://evil.example/api/", "//evil.example/", "https://hub.example:444/"):
        with pytest.raises(SharingError, match="another server"):
            join("https://hub.example/taxii2/", other)


def test_parameters_are_quoted_and_brackets_stay() -> None:
    assert with_query("u", {"match[id]": "a,b", "next": "ü+/="}) == "u?match[id]=a,b&next=%C3%BC%2B%2F%3D"
    assert with_query("u", {}) == "u"
