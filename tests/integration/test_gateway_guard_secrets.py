"""What stays with the gateway: credentials, callers' headers, and what is wrong inside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway_rig import KEY, raw, request, run, running
from stillwatch.gateway.ports import JournalFull, StoreClosed

BODY = b'{"model":"m","messages":[]}'
HEAD = f"host: x\r\nauthorization: Bearer {KEY}\r\n".encode()


def test_headers_of_the_caller_stay_with_the_gateway() -> None:
    async def test() -> None:
        async with running() as rig:
            extra = "cookie: a=b\r\nx-forwarded-for: 6.6.6.6\r\nte: trailers\r\nproxy-authorization: z\r\n"
            await raw(rig.port, request(BODY, extra=extra))
            assert set(rig.seen[0][1]) == {b"host", b"accept-encoding", b"content-type", b"content-length"}
            assert rig.journal.only["client_address"] == "127.0.0.1"

    run(test)


def test_two_credentials_that_differ_are_none() -> None:
    async def test() -> None:
        async with running() as rig:
            for extra in ("x-api-key: other\r\n", f"authorization: Bearer {KEY}\r\n"):
                assert (await raw(rig.port, request(BODY, extra=extra))).startswith(b"HTTP/1.1 401")
            assert (await raw(rig.port, request(BODY, extra=f"x-api-key: {KEY}\r\n"))).startswith(b"HTTP/1.1 200")

    run(test)


def test_a_full_journal_and_a_closed_store_are_503_and_hold_nothing() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.journal.full = JournalFull()
            said = await raw(rig.port, request(BODY))
            assert said.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 5" in said
            assert rig.limits.only.released == 1
            assert not rig.seen
            rig.limits.refuse = StoreClosed()
            assert (await raw(rig.port, request(BODY))).startswith(b"HTTP/1.1 503")

    run(test)


def test_health_is_open_and_names_what_is_wrong() -> None:
    async def test() -> None:
        async with running() as rig:
            rig.parts.states.update(journal=lambda: "ok", store=lambda: {"status": "local", "since": 1})
            said = await raw(rig.port, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == "degraded"
            ready = b"HEAD /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            assert (await raw(rig.port, ready)).startswith(b"HTTP/1.1 200")
            rig.proxy.pages.is_ready = False
            assert (await raw(rig.port, ready)).startswith(b"HTTP/1.1 503")

    run(test)


def test_no_secret_reaches_the_log(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async def test() -> None:
        key = tmp_path / "key"
        key.write_text("upstream-secret\n")
        async with running(key_file=key) as rig:
            for text in ("[error 401]", "[break]", "hello"):
                await raw(
                    rig.port,
                    request(b'{"model":"m","messages":[{"role":"user","content":"secret-prompt %s"}]}' % text.encode()),
                )
            assert rig.seen[0][1][b"authorization"] == b"Bearer upstream-secret"
        async with running(upstream="http://127.0.0.1:9") as rig:
            await raw(rig.port, request(BODY))

    run(test)
    said = capfd.readouterr().err
    assert "upstream" in said
    assert all(json.loads(line)["says"] for line in said.splitlines())
    assert "secret" not in said
