from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin_calls import BEARER, TOKEN, call, exchange
from directories import NOW
from stillwatch.gateway.admin import app as app_module
from stillwatch.gateway.admin.app import AdminApp
from stillwatch.gateway.admin.handlers import Parts
from stillwatch.gateway.admin.routes import ROUTES
from stillwatch.gateway.directory.credential import make_credential
from stillwatch.gateway.directory.opened import Directory


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(Directory(f"sqlite:///{tmp_path}/directory.sqlite"))


@pytest.fixture
def admin(parts: Parts) -> AdminApp:
    return AdminApp(parts, TOKEN, clock=lambda: NOW)


EVERY_DOOR = [
    *((method, "/" + "/".join(path).replace("*", "x")) for path, methods in ROUTES.items() for method in methods),
    ("GET", "/metrics"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_DOOR)
def test_no_door_opens_without_the_token(admin: AdminApp, parts: Parts, method: str, path: str) -> None:
    parts.directory.accounts.add("acme", {}, by="me", now=NOW)
    callers_key = parts.directory.keys.issue("acme", by="me", now=NOW).text
    tried: list[tuple[tuple[bytes, bytes], ...]] = [
        (),
        ((b"authorization", b"Bearer " + callers_key.encode()),),
        ((b"x-api-key", callers_key.encode()),),
        ((b"x-api-key", TOKEN.encode()),),
        ((b"authorization", b"Bearer " + make_credential().text.encode()),),
        (BEARER, BEARER),
        (BEARER, (b"authorization", b"Bearer " + callers_key.encode())),
    ]
    for headers in tried:
        status, answer = call(admin, method, path, {}, headers=headers)
        assert status == 401
        assert "admin token" in answer["error"]["message"]


@pytest.mark.parametrize(
    "header", [(b"origin", b"http://127.0.0.1:8081"), (b"origin", b"null"), (b"sec-fetch-site", b"none")]
)
@pytest.mark.parametrize(("method", "path"), EVERY_DOOR)
def test_no_door_opens_to_a_browser(admin: AdminApp, method: str, path: str, header: tuple[bytes, bytes]) -> None:
    status, answer = call(admin, method, path, {}, headers=(BEARER, header))
    assert status == 403
    assert "browser" in answer["error"]["message"]


def test_nothing_of_the_body_is_read_before_the_token(admin: AdminApp) -> None:
    assert call(admin, "POST", "/v1/accounts", headers=(), raw=b"x" * 200_000)[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/v1/accounts/a/b", 404), ("PUT", "/v1/accounts", 405), ("GET", "/v1/accounts/", 404)],
)
def test_unknown_paths_and_methods_are_refused(admin: AdminApp, method: str, path: str, status: int) -> None:
    assert call(admin, method, path)[0] == status


def test_an_answer_is_not_kept_by_anybody(admin: AdminApp) -> None:
    status, headers, content = exchange(admin, "GET", "/v1/accounts")
    assert status == 200
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-length"] == str(len(content)).encode()


@pytest.mark.parametrize(
    ("raw", "kind", "status", "says"),
    [
        (b"{", b"application/json", 400, "not JSON"),
        (b"[]", b"application/json", 400, "not a JSON object"),
        (b"{}", b"text/plain", 415, "application/json"),
        (b"account=x", b"application/x-www-form-urlencoded", 415, "application/json"),
        (b'{"account":"' + b"x" * 70_000 + b'"}', b"application/json", 413, "longer than"),
        (b'{"account":"a","plann":"x"}', b"application/json", 400, "no such column: plann"),
        (b"{}", b"application/json; charset=utf-8", 400, "account: missing"),
    ],
)
def test_a_body_that_is_refused_says_why(admin: AdminApp, raw: bytes, kind: bytes, status: int, says: str) -> None:
    got, answer = call(admin, "POST", "/v1/accounts", headers=(BEARER, (b"content-type", kind)), raw=raw)
    assert got == status
    assert says in answer["error"]["message"]


def test_a_failure_within_is_logged_and_not_shown(
    admin: AdminApp, parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_given: Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(parts.directory.accounts, "list", broken)
    status, answer = call(admin, "GET", "/v1/accounts")
    assert status == 500
    assert "a secret" not in answer["error"]["message"]
    assert "a secret" in caplog.text


def test_a_directory_that_does_not_answer_is_503(admin: AdminApp, tmp_path: Path) -> None:
    (tmp_path / "directory.sqlite").unlink()
    status, answer = call(admin, "GET", "/v1/accounts")
    assert status == 503
    assert "does not answer" in answer["error"]["message"]


def test_metrics_are_shown_where_there_are_any(admin: AdminApp, parts: Parts) -> None:
    assert call(admin, "GET", "/metrics")[0] == 404
    with_metrics = AdminApp(replace(parts, metrics=lambda: (b"up 1\n", "text/plain; version=0.0.4")), TOKEN)
    status, headers, content = exchange(with_metrics, "GET", "/metrics")
    assert (status, headers[b"content-type"], content) == (200, b"text/plain; version=0.0.4", b"up 1\n")


def test_who_is_asking_is_noted_without_what_would_not_print(tmp_path: Path) -> None:
    notes: list[Any] = []
    directory = Directory(f"sqlite:///{tmp_path}/d.sqlite", note=lambda kind, row: notes.append((kind, row["by"])))
    admin = AdminApp(Parts(directory), TOKEN, clock=lambda: NOW)
    call(
        admin, "POST", "/v1/accounts", {"account": "a"}, headers=(BEARER, (b"x-admin-name", b"ada\x1b[2J" + b"x" * 500))
    )
    call(admin, "POST", "/v1/accounts", {"account": "b"})
    assert notes == [("account_added", f"admin API ({('ada[2J' + 'x' * 500)[:80]})"), ("account_added", "admin API")]


def test_something_that_is_not_http_is_not_answered(admin: AdminApp) -> None:
    with pytest.raises(RuntimeError, match="websocket"):
        app_module.asyncio.run(admin({"type": "websocket"}, None, None))  # type: ignore[arg-type]
