"""What a worker says of a call, and what becomes of it: names of the conventions, never a text."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.call import Call, Request
from stillwatch.gateway.dialects.chat import Chat
from stillwatch.gateway.dialects.shape import Dialect, Usage
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.settings import Upstream, Weights
from stillwatch.gateway.spans.attributes import attributes_of, error_type, server_of, span_name
from stillwatch.gateway.spans.exporter import MOST_AT_ONCE, READ_BYTES, PipeLines
from stillwatch.gateway.spans.line import SpanLine, line_of, read_line
from stillwatch.gateway.spans.sender import RETRY_SECONDS, SpanSender

UPSTREAM = Upstream("vllm", "https://models.example:8443/base")


class Pool:
    settings = UPSTREAM


def call(*, dialect: Dialect | None = None, operation: str = "chat", account: str = "alice", **said: Any) -> Call:
    request = Request(cast("Any", Pool()), "POST", b"/", b"", b"a secret prompt", cast("Any", None), hide_usage=False)
    ask = Ask("large", operation=operation, stream=True, max_output_tokens=9, n=2)
    about = (ask, cast("Any", None), cast("Any", None), Weights(), request, monotonic())
    made = Call("c-1", dialect or Chat(), Caller(account, key="sw-0123456789ab"), *about, status=200)
    for name, value in said.items():
        setattr(made, name, value)
    return made


def told(**said: Any) -> SpanLine:
    line = read_line(line_of(call(captured=4.0, finish_reason="stop", usage=Usage(7, 4, 3, 1), first_byte_seconds=0.5)))
    assert line is not None
    return line._replace(**said)


def test_a_span_speaks_the_words_of_the_conventions() -> None:
    assert span_name(told()) == "chat large"
    assert attributes_of(told(), server_of(UPSTREAM), {"user.hash": "u"}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "large",
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 1,
        "server.address": "models.example",
        "server.port": 8443,
        "http.response.status_code": 200,
        "stillwatch.call.id": "c-1",
        "user.hash": "u",
    }


@pytest.mark.parametrize(
    ("said", "error"),
    [({}, None), ({"status": 499}, "499"), ({"status": 502}, "502"), ({"finish_reason": "error"}, "stream_broken")],
)
def test_what_went_wrong_is_one_of_few_words(said: dict[str, Any], error: str | None) -> None:
    assert error_type(told(**said)) == error
    assert attributes_of(told(**said), server_of(UPSTREAM), {}).get("error.type") == error


def test_a_line_has_no_text_of_the_caller_and_no_key() -> None:
    line = line_of(call())
    assert b"secret" not in line
    assert b"sw-" not in line


def test_the_times_of_a_line_are_those_of_the_call() -> None:
    line = read_line(line_of(call(started=monotonic() - 2.5)))
    assert line is not None
    assert line.ended_ns - line.started_ns == pytest.approx(2.5e9, abs=0.4e9)


@given(st.binary())
def test_what_is_no_line_is_none(junk: bytes) -> None:
    found = read_line(junk)
    assert found is None or isinstance(found, SpanLine)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "spans.pipe"
    os.mkfifo(path, 0o600)
    return path


@pytest.fixture
def reader(pipe: Path) -> Iterator[int]:
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    yield handle
    os.close(handle)


def dropped(metrics: Metrics) -> float:
    return metrics.counts["spans_dropped", ()]


def test_a_reader_gets_whole_lines(pipe: Path, reader: int) -> None:
    metrics = Metrics()
    sender = SpanSender(pipe, metrics)
    sender.ended(call())
    sender.ended(call(account="bob"))
    lines = os.read(reader, 1 << 16).splitlines()
    assert [line.account for line in map(read_line, lines) if line] == ["alice", "bob"]
    assert not dropped(metrics)
    sender.close()


def test_a_line_that_came_in_two_pieces_is_one(pipe: Path) -> None:
    lines = PipeLines(pipe)
    writing = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    os.write(writing, b"one\ntw")
    assert lines.take(0.0) == [b"one"]
    os.write(writing, b"o\nthree\n")
    assert lines.take(0.0) == [b"two", b"three"]
    assert lines.take(0.0) == []
    os.close(writing)


def test_a_flood_is_taken_in_parts(pipe: Path) -> None:
    lines = PipeLines(pipe)
    writing = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    sent = 0
    with suppress(BlockingIOError):
        while sent < 100_000:
            sent += os.write(writing, b"1234567\n") // 8
    parts = []
    while part := lines.take(0.0):
        parts.append(len(part))
    assert sum(parts) == sent
    # What one read brings is kept together.
    assert max(parts) <= MOST_AT_ONCE + READ_BYTES // 8
    os.close(writing)


def test_a_full_pipe_costs_spans_and_no_time(pipe: Path, reader: int) -> None:
    metrics = Metrics()
    sender = SpanSender(pipe, metrics)
    for _ in range(1000):
        sender.ended(call())
    read = b""
    while select.select([reader], [], [], 0)[0] and (piece := os.read(reader, 1 << 16)):
        read += piece
    whole = [read_line(line) for line in read.splitlines()]
    assert None not in whole
    assert dropped(metrics) == 1000 - len(whole) > 0
    sender.close()


def test_without_a_reader_spans_are_dropped_and_one_is_looked_for_once_a_second(pipe: Path) -> None:
    metrics, now = Metrics(), [100.0]
    sender = SpanSender(pipe, metrics, clock=lambda: now[0])
    sender.ended(call())
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    sender.ended(call())
    assert dropped(metrics) == 2
    now[0] += RETRY_SECONDS
    sender.ended(call())
    assert dropped(metrics) == 2
    assert os.read(handle, 1 << 16).count(b"\n") == 1
    os.close(handle)
    sender.ended(call())
    assert dropped(metrics) == 3
    sender.close()


def test_a_file_in_the_pipes_place_is_not_written(tmp_path: Path) -> None:
    metrics = Metrics()
    (tmp_path / "spans.pipe").write_bytes(b"")
    SpanSender(tmp_path / "spans.pipe", metrics).ended(call())
    assert dropped(metrics) == 1
    assert (tmp_path / "spans.pipe").read_bytes() == b""


def test_what_is_too_long_or_cannot_be_said_is_dropped(pipe: Path, reader: int) -> None:
    metrics = Metrics()
    sender = SpanSender(pipe, metrics)
    sender.ended(call(account="a" * 5000))
    sender.ended(call(account="\ud800"))
    assert dropped(metrics) == 2
    assert os.read(reader, 1) == b""
    sender.close()


def test_only_calls_to_a_model_have_spans(pipe: Path, reader: int) -> None:
    metrics = Metrics()
    sender = SpanSender(pipe, metrics)
    sender.ended(call(operation="count_tokens"))
    sender.ended(call(operation="relayed"))
    assert not dropped(metrics)
    assert not select.select([reader], [], [], 0)[0]
    sender.close()
