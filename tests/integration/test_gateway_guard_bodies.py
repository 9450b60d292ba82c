"""What strangers send: bodies that try to be read two ways, or to cost what nobody counts."""

from __future__ import annotations

import asyncio
import json

import pytest

from gateway_rig import raw, request, run, running, scripted
from stillwatch.gateway.nouns import Action, Effect, Mode

BODY = b'{"model":"m","messages":[]}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"model":"m"}{}',
        b'\xef\xbb\xbf{"model":"m"}',
        b'{"model":"m","x":NaN}',
        b'{"model":"m","messages":"\xff"}',
        b'{"model":"m","model":"other","messages":[]}',
        b'{"model":"m","mod\\u0065l":"other","messages":[]}',
        b'{"model":"m","Model":"other","messages":[]}',
        b'{"model":"m","\xc5\xbftream":true,"messages":[]}',
        b'{"model":"m","n":1,"n":99,"messages":[]}',
        b'{"model":"m","max_tokens":5,"max_tokens":9999999,"messages":[]}',
        b'{"model":"m","messages":[],"messages":[{"role":"user","content":"other"}]}',
        b'{"model":"m","stream":"true","messages":[]}',
        b'{"model":"m","stream":1,"messages":[]}',
        b'{"model":"m","n":true,"messages":[]}',
        b'{"model":"m","n":2.0,"messages":[]}',
        b'{"model":"m","n":129,"messages":[]}',
        b'{"model":"m","n":-1,"messages":[]}',
        b'{"model":"m","max_tokens":"5","messages":[]}',
        b'{"model":"m","stream_options":[],"stream":true,"messages":[]}',
        b'{"model":["m"],"messages":[]}',
        b'{"messages":[]}',
        b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_no_plain_ask_is_refused_before_it_costs_anything(body: bytes) -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(body))
            assert said.startswith(b"HTTP/1.1 400"), said
            assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["message"]
            assert not rig.seen
            assert not rig.limits.holds
            assert not rig.journal.admitted

    run(test)


def test_a_key_that_is_repeated_deep_inside_is_no_repetition() -> None:
    async def test() -> None:
        async with running() as rig:
            tools = b'[{"function":{"parameters":{"n":{"n":1},"model":"x"}}}]'
            body = b'{"tools":%s,"n":1,"model":"m","messages":["\\u0041"]}' % tools
            assert (await raw(rig.port, request(body))).startswith(b"HTTP/1.1 200")
            assert rig.seen[0][2] == body

    run(test)


def test_background_work_is_refused_for_its_answer_would_be_fetched_past_every_count() -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(b'{"model":"m","input":"x","background":true}', path="/v1/responses"))
            assert said.startswith(b"HTTP/1.1 400")

    run(test)


def test_a_compressed_body_is_refused_unread() -> None:
    async def test() -> None:
        async with running() as rig:
            said = await raw(rig.port, request(BODY, extra="content-encoding: gzip\r\n"))
            assert said.startswith(b"HTTP/1.1 415")

    run(test)


def test_an_allowed_path_is_relayed_as_it_is_and_counted_and_closed_to_whom_effects_apply() -> None:
    async def test() -> None:
        async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\n{"usage":{"input_tokens":7}}')

        cap = Effect(Action.CAP_N, "r", Mode.ENFORCE, "why", amount=1)
        async with scripted(play) as url, running(upstream=url, allow_paths=("/v1/rerank",)) as rig:
            body = b"--b\r\nnot json"
            said = await raw(rig.port, request(body, path="/v1/rerank", extra="content-type: multipart/x\r\n"))
            assert said.startswith(b"HTTP/1.1 200")
            assert rig.limits.only.cost.output_hold == 0.0
            assert rig.journal.only["model"] == "/v1/rerank"
            assert (await raw(rig.port, request(b"", path="/v1/rerank", key="no"))).startswith(b"HTTP/1.1 401")
            assert (await raw(rig.port, request(b"", path="/v1/rerank/"))).startswith(b"HTTP/1.1 404")
        async with running(cap, allow_paths=("/v1/rerank",)) as rig:
            assert (await raw(rig.port, request(b"{}", path="/v1/rerank"))).startswith(b"HTTP/1.1 403")
            assert not rig.seen

    run(test)
