"""The real gateway before a model server that fails in every way, and callers that do: nothing hangs or is miscounted.

Its parts are the ones that ``assemble.py`` puts together; it runs as a program with a settings file.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import WORDS, FaultyModel
from benchmarks.gateway.real_gateway import RealGateway, eventually, get, read_ahead

LIMITS = """
[[limits]]
level = "account"
unit = "output_tokens"
per_minute = 100000
[journal]
segment_seconds = 3600.0
"""


@pytest.fixture(scope="module")
def model() -> Iterator[FaultyModel]:
    with FaultyModel() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, model: FaultyModel) -> Iterator[RealGateway]:
    with RealGateway(
        tmp_path_factory.mktemp("faults"),
        model.url,
        listen="header_seconds = 3.0\nbody_seconds = 3.0",
        of_upstream="first_byte_seconds = 3.0\nidle_seconds = 3.0",
        more=LIMITS,
    ) as running:
        yield running


def say(gateway: RealGateway, prompt: str, *, stream: bool = False) -> tuple[int, bytes, bytes]:
    return asyncio.run(call(gateway.port, ask(gateway.keys["alice"], prompt, stream=stream)))


def ending(gateway: RealGateway, head: bytes) -> dict[str, object]:
    """Return the end of a call's record, when it is there; it is there once."""
    call_id = header(head, "stillwatch-call")
    (row,) = eventually(lambda: read_ahead(gateway.journal).finished.get(call_id))
    return dict(row)


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("hang", 504, "upstream_timeout"),
        ("reset", 502, "upstream_"),
        ("garbage", 502, "upstream_"),
        ("redirect", 502, "upstream_"),
        ("bomb", 502, "upstream_"),
    ],
)
@pytest.mark.parametrize("how", ["whole", "stream"])
def test_a_model_server_that_fails_before_its_answer_is_an_error_of_ours_and_costs_nothing(
    gateway: RealGateway, word: str, status: int, code: str, how: str
) -> None:
    got, head, body = say(gateway, f"now {word}", stream=how == "stream")
    assert got == status, body
    assert code in json.loads(body)["error"]["code"]
    end = ending(gateway, head)
    assert (end["status"], end["output_tokens"]) == (status, 0)


def test_half_an_answer_is_an_error_and_costs_nothing(gateway: RealGateway) -> None:
    status, head, _ = say(gateway, "please cut")
    assert status == 502
    assert ending(gateway, head)["output_tokens"] == 0


def test_half_an_event_ends_the_stream_with_an_error_event_and_costs_what_came_whole(gateway: RealGateway) -> None:
    status, head, body = say(gateway, "please cut", stream=True)
    events = [e for e in body.split(b"\n\n") if e]
    assert status == 200
    assert b'"error"' in events[-1]
    assert all(json.loads(e.removeprefix(b"data: ")) for e in events)
    end = ending(gateway, head)
    assert end["finish_reason"] == "error"
    assert end["output_tokens"] == len(events) - 1 == WORDS // 2


def test_json_that_breaks_off_goes_on_to_the_caller_and_is_counted_by_its_size(gateway: RealGateway) -> None:
    status, head, body = say(gateway, "all wrong")
    assert (status, body) == (200, b'{"usage":"many"')
    assert ending(gateway, head)["output_tokens"] == 4


def test_a_caller_who_hangs_up_is_charged_for_what_was_delivered(gateway: RealGateway) -> None:
    async def leave() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(ask(gateway.keys["alice"], "slow one", stream=True))
        head = await reader.readuntil(b"\r\n\r\n")
        for _ in range(5):
            await reader.readuntil(b"\n\n")
        writer.transport.abort()
        return head

    end = ending(gateway, asyncio.run(leave()))
    assert end["finish_reason"] == "cancelled"
    assert 5 <= int(str(end["output_tokens"])) < WORDS


def test_slow_senders_hold_nobody_up_and_are_cut_off(gateway: RealGateway) -> None:
    pieces = [b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n", ask(gateway.keys["alice"], "late")[:-5]]

    async def loris(piece: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(piece)
        try:
            async with asyncio.timeout(60):
                return await reader.read()
        finally:
            writer.close()

    async def together() -> tuple[list[bytes], int]:
        slow = [asyncio.create_task(loris(piece)) for piece in pieces * 50]
        await asyncio.sleep(0)
        status, _, _ = await call(gateway.port, ask(gateway.keys["bob"], "meanwhile"))
        return await asyncio.gather(*slow), status

    said, status = asyncio.run(together())
    assert status == 200
    assert {s[:12] for s in said} == {b"HTTP/1.1 408"}


BAD_BODIES = [b"", b"{", b"[]", b"nul", b'{"model":"stand-in"', b'{"model":1,"messages":[]}', b"\xff\xfe"]
BAD_BODIES += [b"[" * 5000, b'{"model":"stand-in","model":"m"}', b'{"model":"stand-in","messages":[],"n":-1}']
BAD_HEADS = [b"x: \0\r\n", b"x y: z\r\n", b": z\r\n", b"x\r\n", b"x: a\n b\r\n", b"content-length: -1\r\n", b"x: y\n"]


def head_of(gateway: RealGateway) -> bytes:
    key = gateway.keys["alice"]
    return b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n" % key.encode()


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_body_that_is_no_call_is_refused_and_not_recorded(
    gateway: RealGateway, model: FaultyModel, body: bytes
) -> None:
    before = len(model.reached)
    request = head_of(gateway) + b"content-length: %d\r\n\r\n%s" % (len(body), body)
    status, answer, _ = asyncio.run(call(gateway.port, request))
    assert status == 400
    assert not header(answer, "stillwatch-call")
    assert len(model.reached) == before


@pytest.mark.parametrize("line", BAD_HEADS)
def test_a_header_that_is_none_is_refused(gateway: RealGateway, model: FaultyModel, line: bytes) -> None:
    before = len(model.reached)
    status, _, _ = asyncio.run(call(gateway.port, head_of(gateway) + line + b"content-length: 2\r\n\r\n{}"))
    assert status == 400
    assert len(model.reached) == before


def test_zz_after_all_this_it_is_well_and_every_call_ended_once(gateway: RealGateway, model: FaultyModel) -> None:
    assert say(gateway, "how are you")[0] == 200
    assert gateway.health()["status"] == "ok"
    assert eventually(lambda: gateway.health()["parts"]["limits"]["open_holds"] == 0)
    recorded = read_ahead(gateway.journal)
    assert set(recorded.finished) == set(recorded.admitted)
    assert {len(rows) for rows in recorded.finished.values()} == {1}
    assert len(recorded.admitted) >= len(model.reached) > 10
    assert "failed inside" not in gateway.said()
    assert "Traceback" not in gateway.said()
    assert get(f"{gateway.url}/readyz")[0] == 200
