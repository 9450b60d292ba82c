"""The admin API on a real socket: who reaches it, from where, with what."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin_calls import TOKEN
from directories import NOW
from stillwatch.errors import SettingsError
from stillwatch.gateway.admin.app import AdminApp
from stillwatch.gateway.admin.handlers import Parts
from stillwatch.gateway.admin.server import AdminServer
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.settings import GatewaySettings, Listen

ANY_PORT = replace(GatewaySettings(), admin_port=0)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(f"sqlite:///{tmp_path}/directory.sqlite")


@pytest.fixture
def server(directory: Directory) -> Iterator[AdminServer]:
    made = AdminServer(AdminApp(Parts(directory), TOKEN), ANY_PORT)
    made.start()
    yield made
    made.stop()


def ask(server: AdminServer, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    content = None if body is None else json.dumps(body)
    kind = {} if body is None else {"content-type": "application/json"}
    connection.request(method, path, body=content, headers={n.replace("_", "-"): v for n, v in headers.items()} | kind)
    answer = connection.getresponse()
    result = answer.status, json.loads(answer.read())
    connection.close()
    return result


def test_with_the_token_an_account_and_its_key_are_made_over_a_socket(
    server: AdminServer, directory: Directory
) -> None:
    bearer = f"Bearer {TOKEN}"
    assert ask(server, "POST", "/v1/accounts", {"account": "a/b"}, authorization=bearer)[0] == 200
    status, issued = ask(server, "POST", "/v1/accounts/a%2Fb/keys", {}, authorization=bearer)
    assert status == 200
    assert [k.key for k in directory.keys.list("a/b")] == [issued["key"]]


def test_a_callers_key_opens_nothing(server: AdminServer, directory: Directory) -> None:
    directory.accounts.add("acme", {}, by="me", now=NOW)
    key = directory.keys.issue("acme", by="me", now=NOW).text
    for headers in ({"authorization": f"Bearer {key}"}, {"x_api_key": key}, {}):
        assert ask(server, "GET", "/v1/accounts", **headers)[0] == 401
        assert ask(server, "GET", "/metrics", **headers)[0] == 401


def test_a_page_of_a_browser_opens_nothing(server: AdminServer) -> None:
    bearer = f"Bearer {TOKEN}"
    assert ask(server, "GET", "/v1/accounts", authorization=bearer, origin="https://evil.example")[0] == 403
    assert ask(server, "OPTIONS", "/v1/accounts", origin="https://evil.example")[0] == 403


def test_it_listens_on_the_address_of_the_settings_only(server: AdminServer) -> None:
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_the_callers_port_is_refused() -> None:
    shared = replace(GatewaySettings(), listen=Listen(port=8081), admin_port=8081)
    with pytest.raises(SettingsError, match="the callers' port too"):
        AdminServer(AdminApp(None, TOKEN), shared)  # type: ignore[arg-type]


def test_a_taken_port_is_said_at_start(server: AdminServer) -> None:
    taken = replace(GatewaySettings(), admin_port=server.port)
    with pytest.raises(SettingsError, match=r"cannot listen on 127\.0\.0\.1 port"):
        AdminServer(AdminApp(None, TOKEN), taken)  # type: ignore[arg-type]


def test_listening_beyond_this_machine_is_said_loudly(caplog: pytest.LogCaptureFixture) -> None:
    server = AdminServer(AdminApp(None, TOKEN), replace(ANY_PORT, admin_host="0.0.0.0"))  # type: ignore[arg-type]  # noqa: S104
    server.stop()
    assert "its token travels unencrypted" in caplog.text
