"""The decision service over HTTP: who may ask, what is refused, and that nothing is decided for strangers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from decide_world import TOKEN, World, call, decide_app, effect, wait_for
from stillwatch.errors import SettingsError
from stillwatch.gateway.decide import MAX_BODY_BYTES, ROUTES, DecideApp
from stillwatch.gateway.decide_server import DecideServer, read_or_create_token
from stillwatch.gateway.nouns import Action, Caller, Mode
from stillwatch.gateway.settings import Decide


def ask(
    app: DecideApp, path: str, body: bytes | dict[str, Any] = b"", *, token: str | None = TOKEN, **headers: str
) -> tuple[int, dict[str, str], Any]:
    """Make one request; return status, headers and the body read as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        lines["x-stillwatch-token"] = token
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in lines.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start, end = sent
    heads = {k.decode(): v.decode() for k, v in start["headers"]}
    return start["status"], heads, json.loads(end["body"]) if end["body"] else None


@pytest.mark.parametrize("path", [*ROUTES, "/envoy/v1/chat/completions"])
@pytest.mark.parametrize("token", [None, "", "wrong-0123456789abcdef", TOKEN + "x", TOKEN[:-1], "\u00e9" * 18])
def test_nobody_asks_without_the_token(path: str, token: str | None) -> None:
    world = World(keys={"sw-a": Caller("alice")})
    status, _, _ = ask(decide_app(world), path, {"account": "alice"}, token=token, authorization="Bearer sw-a")
    assert status == 401
    assert world.asked == []


def test_the_token_may_come_as_a_bearer_only_where_that_header_is_not_the_callers() -> None:
    app = decide_app(World())
    assert ask(app, "/v1/decide", {"account": "a"}, token=None, authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(app, "/nginx", token=None, authorization=f"Bearer {TOKEN}")[0] == 401
    guarded = {"input_type": "request", "request_data": {"user_api_key_hash": "h"}}
    assert ask(app, "/beta/litellm_basic_guardrail_api", guarded, token=None, x_api_key=TOKEN)[0] == 200


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 16"):
        DecideApp(World().service(), token="short")  # noqa: S106


def test_our_own_words() -> None:
    world = World(
        effects={"alice": [effect(Action.CAP_N, 1), effect(Action.SUSPEND, mode=Mode.SHADOW)]},
    )
    asked = {
        "call_id": "c1",
        "caller": {"account": "alice", "organization": "o", "plan": "p", "verification": "kyc", "created_at": 5},
        "ask": {"model": "large", "n": 3, "stream": True, "max_output_tokens": None},
        "input_tokens": 12,
        "keep": True,
    }
    status, _, said = ask(decide_app(world), "/v1/decide", asked)
    assert status == 200
    assert (said["allow"], said["account"], said["call_id"]) == (True, "alice", "c1")
    assert [e["action"] for e in said["effects"]] == ["cap_n"]
    assert [e["action"] for e in said["shadow"]] == ["suspend"]
    assert said["limits"]["calls"] == {"limit": 10, "remaining": 9, "reset_seconds": 6.0}
    assert world.asked[0][0] == Caller("alice", "", "o", "p", "kyc", 5.0)
    assert world.admitted[0][1].input_tokens == 12


def test_a_refusal_says_why() -> None:
    world = World(effects={"alice": [effect(Action.SUSPEND)]})
    status, _, said = ask(decide_app(world), "/v1/decide", {"account": "alice"})
    assert status == 200
    assert (said["allow"], said["status"], said["code"], said["url"]) == (
        (False, 403, "account_suspended", "https://example.com/x")
    )


def test_a_report_is_counted() -> None:
    world = World()
    app = decide_app(world)
    ask(app, "/v1/decide", {"call_id": "c1", "account": "a", "keep": True})
    done = {"call_id": "c1", "output_tokens": 7, "input_tokens": 3, "done": True}
    assert ask(app, "/v1/report", done)[2] == {"call_id": "c1", "known": True, "pause_seconds": 0.0}
    assert ask(app, "/v1/report", done)[2]["known"] is False
    assert (world.holds[0].captured, world.holds[0].released) == (7, 1)


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/decide", b"{", "not JSON"),
        ("/v1/decide", b"[]", "not a JSON object"),
        ("/v1/decide", {}, "say who calls"),
        ("/v1/decide", {"account": "a", "credential": "b"}, "not both"),
        ("/v1/decide", {"account": "a", "asks": {}}, "no such key: asks"),
        ("/v1/decide", {"account": "a", "ask": {"modle": "x"}}, "no such key: modle"),
        ("/v1/decide", {"account": "a", "ask": {"n": -1}}, "ask.n"),
        ("/v1/decide", {"account": "a", "ask": {"n": True}}, "ask.n"),
        ("/v1/decide", {"account": "a", "ask": []}, "ask is not"),
        ("/v1/decide", {"caller": {"plan": "x"}}, "with an account"),
        ("/v1/decide", {"account": "a", "input_tokens": -1}, "input_tokens"),
        ("/v1/report", {"output_tokens": 1}, "call_id is missing"),
        ("/v1/report", {"call_id": "x", "output_tokens": "1"}, "output_tokens"),
        ("/portkey", {"metadata": {"account": "a"}}, "request.json"),
        ("/portkey", {"request": {"json": {}}}, "metadata names no account"),
        ("/kong", {"request": {}}, "account is missing"),
        ("/beta/litellm_basic_guardrail_api", {"input_type": "request", "request_data": {}}, "names no key"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_wrong(path: str, body: Any, says: str) -> None:
    status, _, said = ask(decide_app(World()), path, body)
    assert status == 400
    assert says in said["error"]


def test_a_body_that_is_too_large_is_refused() -> None:
    assert ask(decide_app(World()), "/v1/decide", b" " * (MAX_BODY_BYTES + 1))[0] == 413


def test_an_unknown_path_is_refused() -> None:
    assert ask(decide_app(World()), "/v1/other")[0] == 404
    assert ask(decide_app(World()), "/envoyx")[0] == 404


def test_a_failure_gives_no_verdict_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    world = World(now=1.0)
    world.effects = None  # type: ignore[assignment]
    status, _, said = ask(decide_app(world), "/v1/decide", {"account": "a"})
    assert status == 500
    assert "see the log" in said["error"]
    assert TOKEN not in caplog.text


def test_health_needs_no_token() -> None:
    app = DecideApp(World().service(), token=TOKEN, health=lambda: {"rules": "ok"})
    assert ask(app, "/healthz", token=None)[2] == {"status": "ok", "open_calls": 0, "rules": "ok"}


def test_a_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "token"
    made = read_or_create_token(file)
    assert read_or_create_token(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_or_create_token(file)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(SettingsError, match="fewer than"):
        read_or_create_token(file)


def test_the_server_serves_and_gives_everything_back_when_it_stops(tmp_path: Path) -> None:
    world = World()
    settings = Decide(port=0, token_file=tmp_path / "token")

    async def run() -> None:
        server = DecideServer(world.service(), settings)
        task = asyncio.create_task(server.serve())
        await asyncio.to_thread(wait_for, lambda: server.port is not None, "the server")
        token = settings.token_file.read_text().strip()
        asked = {"account": "a", "keep": True}
        reply = await asyncio.to_thread(
            call, f"http://127.0.0.1:{server.port}/v1/decide", asked, x_stillwatch_token=token
        )
        assert reply.status == 200
        server.stop()
        await task

    asyncio.run(run())
    assert world.holds[0].released == 1
