"""Patience with a server, and its end."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from stillwatch_lab.distill.endpoint import ATTEMPTS, LONGEST_WAIT_SECONDS, Endpoint
from stillwatch_lab.errors import EndpointError

GOOD = httpx.Response(200, json={"choices": [{}]})


def endpoint(answer: Callable[[httpx.Request], httpx.Response], waits: list[float] | None = None) -> Endpoint:
    slept = waits if waits is not None else []
    return Endpoint("http://host/v1/", "m", "key", transport=httpx.MockTransport(answer), sleep=slept.append)


def test_asks_by_name_with_its_one_key() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return GOOD

    endpoint(answer).post("chat/completions", {"n": 1})
    assert str(asked[0].url) == "http://host/v1/chat/completions"
    assert asked[0].headers["authorization"] == "Bearer key"
    assert asked[0].read() == b'{"model":"m","n":1}'


def test_waits_as_long_as_the_server_asks() -> None:
    answers = iter([httpx.Response(429, headers={"retry-after": "17"}), httpx.Response(503), GOOD])
    waits: list[float] = []
    endpoint(lambda _: next(answers), waits).post("x", {})
    assert waits == [17, 34]


def test_gives_up_after_a_while() -> None:
    waits: list[float] = []
    with pytest.raises(EndpointError, match="answers 500"):
        endpoint(lambda _: httpx.Response(500, text="broken"), waits).post("x", {})
    assert len(waits) == ATTEMPTS - 1
    assert max(waits) == LONGEST_WAIT_SECONDS


def test_a_server_that_is_not_there_is_tried_again() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(EndpointError, match=r"does not answer: refused; given up after \d attempts"):
        endpoint(answer).post("x", {})


def test_a_refusal_is_not_asked_again() -> None:
    waits: list[float] = []
    with pytest.raises(EndpointError, match="refuses with 401: no such key"):
        endpoint(lambda _: httpx.Response(401, text="no such key"), waits).post("x", {})
    assert waits == []


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"choices": []}'])
def test_another_kind_of_answer_is_named(body: bytes) -> None:
    with pytest.raises(EndpointError, match="answer"):
        endpoint(lambda _: httpx.Response(200, content=body)).post("x", {})
