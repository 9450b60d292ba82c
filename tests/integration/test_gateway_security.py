"""Attacks on the real gateway, as a program with all its parts: keys, admin, paths, limits, echoes; and no leaks."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.gateway.callers import ask, call, header
from benchmarks.gateway.faulty_model import WORDS, FaultyModel
from benchmarks.gateway.real_gateway import UPSTREAM_KEY, RealGateway, eventually, get, read_ahead

CALLS = 40
"""Calls a minute that the account ``burst`` may make."""
MORE = """
[[limits]]
level = "account"
unit = "output_tokens"
per_minute = 1000000
[[limits]]
level = "account"
unit = "calls"
per_minute = 1
burst = 40
plan = "few"
[[limits]]
level = "account"
unit = "calls"
per_minute = 100000
[[limits]]
level = "account"
unit = "output_tokens"
plan = "tokens"
per_minute = 1
burst = 300
[journal]
segment_seconds = 3600.0
[[upstreams]]
name = "inside"
url = "{url}"
[[models]]
name = "inside"
upstream = "inside"
"""
FEW = ("parallel", "cased", "batched")
TOKENS = ("sampler", "leaver")


@pytest.fixture(scope="module")
def model() -> Iterator[FaultyModel]:
    with FaultyModel() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, model: FaultyModel) -> Iterator[RealGateway]:
    plans = dict.fromkeys(FEW, "few") | dict.fromkeys(TOKENS, "tokens")
    with RealGateway(
        tmp_path_factory.mktemp("security"),
        model.url,
        accounts=("alice", *FEW, *TOKENS),
        plans=plans,
        top='allow_paths = ["/v1/batches"]',
        more=MORE.format(url=model.url),
    ) as running:
        yield running


def send(gateway: RealGateway, request: bytes, *, port: int | None = None) -> tuple[int, bytes, bytes]:
    return asyncio.run(call(port or gateway.port, request))


def token_of(gateway: RealGateway) -> str:
    return (gateway.folder / ".stillwatch/admin-token").read_text().strip()


# Keys


def test_an_unknown_key_and_a_wrong_secret_are_told_apart_by_nothing(gateway: RealGateway) -> None:
    key = gateway.keys["alice"]
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    unknown = "sw-" + "0" * 12 + key[15:]
    guesses = [
        wrong,
        unknown,
        key[:15],
        key.upper(),
        key + " x",
        "sw-",
        "x",
        "sk-" + key[3:],
        key[:16] + "z" * 40,
    ]
    answers = {send(gateway, ask(guess, "hi")) for guess in guesses}
    ((status, head, body),) = answers
    assert status == 401
    assert not any(guess.encode() in head + body for guess in guesses if len(guess) > 3)


# Admin


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/v1/accounts", "/v1/keys", "/v1/accounts/alice/standing", "/v1/kill-switch", "/v1/appeals", "/admin"],
)
def test_admin_paths_are_not_on_the_callers_port_whatever_is_shown_there(gateway: RealGateway, path: str) -> None:
    for shown in (gateway.keys["alice"], token_of(gateway)):
        for method in ("GET", "PUT", "POST"):
            head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shown}\r\ncontent-length: 0\r\n\r\n"
            assert send(gateway, head.encode())[0] == 404


def test_a_callers_key_opens_nothing_on_the_admin_port_and_no_call_can_be_made_there(gateway: RealGateway) -> None:
    admin = f"http://127.0.0.1:{gateway.admin}"
    for path in ("/metrics", "/v1/accounts", "/v1/chat/completions", "/healthz"):
        assert get(admin + path, authorization=f"Bearer {gateway.keys['alice']}")[0] == 401
        assert get(admin + path, x_api_key=gateway.keys["alice"])[0] == 401
    assert get(f"{admin}/v1/accounts", authorization=f"Bearer {token_of(gateway)}")[0] == 200
    assert send(gateway, ask(token_of(gateway), "hi"))[0] == 401


# Echoes and paths


def test_what_a_caller_says_never_becomes_a_header_of_the_answer(gateway: RealGateway) -> None:
    evil = "x\r\nset-cookie: evil=1\r\n\r\n<script>"
    for request in (
        ask(gateway.keys["alice"], "hi", model=evil),
        ask(gateway.keys["alice"], evil),
        f"GET /v1/models/x%0d%0aset-cookie:%20evil HTTP/1.1\r\nhost: x\r\n"
        f"authorization: Bearer {gateway.keys['alice']}\r\n\r\n".encode(),
    ):
        _, head, _ = send(gateway, request)
        assert b"set-cookie" not in head.lower()
        assert head.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "path",
    [
        *("//v1/chat/completions", "/v1/chat/completions/", "/v1/./chat/completions", "/v1/x/../chat/completions"),
        *("/v1/chat%2fcompletions", "/V1/CHAT/COMPLETIONS", "/v1/chat/completions;a=b", "/v1/batches/1/cancel"),
        *("/v1/files", "/v1/messages/batches", "/v1\\chat\\completions", "/v1/batches/../../metrics"),
    ],
)
def test_no_other_spelling_of_a_path_reaches_the_model(gateway: RealGateway, model: FaultyModel, path: str) -> None:
    before = len(model.reached)
    request = ask(gateway.keys["alice"], "hi").replace(b"/v1/chat/completions", path.encode(), 1)
    assert send(gateway, request)[0] in {400, 404}
    assert len(model.reached) == before


def test_a_whole_address_as_target_goes_nowhere_else(gateway: RealGateway, model: FaultyModel) -> None:
    before = len(model.reached)
    for target in (b"http://169.254.169.254/latest/meta-data", b"http://127.0.0.1:1/v1/chat/completions"):
        request = ask(gateway.keys["alice"], "hi").replace(b"/v1/chat/completions", target, 1)
        assert send(gateway, request)[0] in {400, 404}
    request = ask(gateway.keys["alice"], "hi").replace(b"host: gateway", b"host: 169.254.169.254", 1)
    assert send(gateway, request)[0] == 200
    assert len(model.reached) == before + 1


def test_nothing_that_a_caller_compressed_is_unpacked(gateway: RealGateway, model: FaultyModel) -> None:
    before = len(model.reached)
    bomb = gzip.compress(bytes(10_000_000))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.keys['alice']}\r\n"
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"):
        lines = f"{head}content-encoding: {encoding}\r\ncontent-length: {len(bomb)}\r\nconnection: close\r\n\r\n"
        assert send(gateway, lines.encode() + bomb)[0] == 415
    assert len(model.reached) == before


def test_an_upstream_inside_is_not_called_unless_settings_allow_it(gateway: RealGateway, model: FaultyModel) -> None:
    before = len(model.reached)
    status, head, _ = send(gateway, ask(gateway.keys["alice"], "hi", model="inside"))
    assert status == 502
    assert header(head, "stillwatch-call")
    assert len(model.reached) == before


# Limits


def many(gateway: RealGateway, requests: list[bytes]) -> list[int]:
    """Send all at once; return their statuses."""

    async def together() -> list[int]:
        return [status for status, _, _ in await asyncio.gather(*(call(gateway.port, r) for r in requests))]

    return asyncio.run(together())


def test_parallel_calls_get_no_more_than_the_limit(gateway: RealGateway) -> None:
    seen = many(gateway, [ask(gateway.keys["parallel"], "hi") for _ in range(2 * CALLS)])
    assert CALLS <= seen.count(200) <= CALLS + 2
    assert seen.count(200) + seen.count(429) == len(seen)


def test_aliases_and_letter_case_open_no_second_budget(gateway: RealGateway) -> None:
    key = gateway.keys["cased"]
    names = ["stand-in", "stand-in-latest"]
    seen = many(gateway, [ask(key, "hi", model=names[i % 2]) for i in range(2 * CALLS)])
    assert seen.count(200) <= CALLS + 2
    assert set(many(gateway, [ask(key, "hi", model=name) for name in ("Stand-In", "stand-in ", "STAND-IN")])) == {404}


def test_batch_paths_that_are_allowed_count_as_calls(gateway: RealGateway) -> None:
    batch = ask(gateway.keys["batched"], "hi").replace(b"/v1/chat/completions", b"/v1/batches", 1)
    seen = many(gateway, [batch] * (2 * CALLS))
    assert seen.count(200) <= CALLS + 2
    assert 429 in seen


def test_samples_count_each(gateway: RealGateway) -> None:
    seen = [send(gateway, ask(gateway.keys["sampler"], "hi", n=100, max_tokens=1000))[0] for _ in range(12)]
    # Of a burst of 300 tokens, each answer takes what the model server says that it wrote, 30.
    assert seen.count(200) <= 300 // WORDS
    assert 429 in seen


def test_whoever_hangs_up_pays_for_what_came(gateway: RealGateway) -> None:
    taken = 0

    async def take() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(ask(gateway.keys["leaver"], "slow", stream=True))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            writer.close()
            return 0
        for _ in range(WORDS - 5):
            await reader.readuntil(b"\n\n")
        writer.transport.abort()
        return WORDS - 5

    for _ in range(16):
        got = asyncio.run(take())
        taken += got
        if not got:
            break
    else:
        pytest.fail("sixteen answers were taken without being paid")
    assert taken <= 300


# Leaks


def test_zz_no_secret_is_in_any_output_of_the_gateway(gateway: RealGateway) -> None:
    said = "a very private prompt"
    for words in ("", "reset", "cut", "garbage", "hangnot"):
        for stream in (False, True):
            send(gateway, ask(gateway.keys["alice"], f"{said} {words}", stream=stream, extra=f"x-secret: {said}\r\n"))
    token = token_of(gateway)
    metrics = eventually(lambda: get(f"http://127.0.0.1:{gateway.admin}/metrics", authorization=f"Bearer {token}")[1])
    health = json.dumps(gateway.health())
    recorded = read_ahead(gateway.journal)
    shown = [gateway.said(), metrics.decode(), health, json.dumps(recorded.notes)]
    shown += [p.read_text() for p in (gateway.folder / ".stillwatch/metrics").glob("*.json")]
    shown += [(gateway.folder / ".stillwatch/admin-log.jsonl").read_text()] if _has_log(gateway) else []
    secrets = [UPSTREAM_KEY, token, *gateway.keys.values(), *(k[16:] for k in gateway.keys.values())]
    for text in shown:
        assert text
        assert not [s for s in (*secrets, said) if s in text]
    # The journal has the prompts, until they are sealed, and nobody's credentials.
    records = json.dumps(list(recorded.rows.values()))
    assert said in records
    assert not [s for s in secrets if s in records]
    assert "upstream failed" in gateway.said()


def _has_log(gateway: RealGateway) -> bool:
    return Path(gateway.folder / ".stillwatch/admin-log.jsonl").exists()


def test_zz_all_that_reached_the_model_is_on_record_and_carried_no_callers_key(
    gateway: RealGateway, model: FaultyModel
) -> None:
    recorded = read_ahead(gateway.journal)
    assert len(recorded.admitted) >= len(model.reached) > 100
    everything = b"".join(r.head for r in model.reached)
    assert UPSTREAM_KEY.encode() in everything
    assert not [k for k in gateway.keys.values() if k.encode() in everything]
    assert b"x-secret" not in everything
    assert eventually(lambda: gateway.health()["parts"]["limits"]["open_holds"] == 0)
