"""What passes through a stream: counted the same however it is cut, and nothing lost of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.chat import Chat
from stillwatch.gateway.dialects.messages import Messages, ThinkingFilter
from stillwatch.gateway.dialects.shape import EventFilter, Usage
from stillwatch.gateway.dialects.stream import MAX_EVENT_BYTES, StreamMeter, UnfinishedEvent


def delta(text: str) -> bytes:
    return b'data: {"choices":[{"delta":{"content":"%s"},"finish_reason":null}]}\n\n' % text.encode()


USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n'
END = b'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\n'
DONE = b"data: [DONE]\n\n"
STREAM = delta("a") + delta("b") + END + USAGE + DONE


def fed(meter: StreamMeter, data: bytes, cuts: list[int]) -> bytes:
    ends = sorted({min(c, len(data)) for c in cuts} | {len(data)})
    starts = [0, *ends[:-1]]
    return b"".join(meter.feed(data[a:b]) for a, b in zip(starts, ends, strict=True)) + meter.finish()


@given(st.lists(st.integers(0, len(STREAM))), st.booleans())
def test_a_stream_is_read_the_same_however_it_is_cut(cuts: list[int], hide: bool) -> None:  # noqa: FBT001
    meter = StreamMeter(Chat(), hide_usage=hide)
    passed = fed(meter, STREAM, cuts)
    assert passed == (STREAM.replace(USAGE, b"") if hide else STREAM)
    assert meter.usage == Usage(7, 5)
    assert meter.finish_reason == "length"
    assert meter.tokens == 3


def test_text_that_looks_like_usage_is_text() -> None:
    meter = StreamMeter(Chat())
    meter.feed(delta(r"{\"usage\":{\"completion_tokens\":0}}, \"finish_reason\":\"stop\""))
    assert meter.usage is None
    assert meter.finish_reason is None


def test_events_of_several_tokens_count_by_their_text() -> None:
    meter = StreamMeter(Chat())
    meter.feed(delta("a"))
    meter.feed(delta("b" * 401))
    assert meter.tokens == pytest.approx(101)


def test_streams_with_log_probabilities_count_by_events() -> None:
    meter = StreamMeter(Chat(), logprobs=True)
    meter.feed(delta("a"))
    meter.feed(delta("b" * 4000))
    assert meter.tokens == 2


def test_pings_and_comments_are_no_tokens() -> None:
    meter = StreamMeter(Messages())
    passed = meter.feed(b': hello\n\nevent: ping\ndata: {"type":"ping"}\n\n')
    assert passed.startswith(b": hello")
    assert meter.tokens == 0


def test_an_event_without_an_end_is_given_up_or_refused() -> None:
    assert len(StreamMeter(Chat()).feed(b"data: " + b"x" * MAX_EVENT_BYTES)) > MAX_EVENT_BYTES
    with pytest.raises(UnfinishedEvent):
        StreamMeter(Chat(), filtering=EventFilter()).feed(b"data: " + b"x" * MAX_EVENT_BYTES)


def test_no_cut_lets_thinking_through() -> None:
    start = b'event: content_block_start\ndata: {"index":0,"content_block":{"type":"thinking"}}\n\n'
    thought = b'event: content_block_delta\ndata: {"index":0,"delta":{"type":"thinking_delta","thinking":"s"}}\n\n'
    stop = b'event: content_block_stop\ndata: {"index":0}\n\n'
    text = b'event: content_block_start\ndata: {"index":1,"content_block":{"type":"text"}}\n\n'
    stream = start + thought * 2 + stop + text
    for step in range(1, len(stream)):
        passed = fed(StreamMeter(Messages(), filtering=ThinkingFilter()), stream, list(range(0, len(stream), step)))
        assert passed == text.replace(b'"index":1', b'"index":0')


def test_message_start_is_no_count_of_a_broken_off_answer() -> None:
    meter = StreamMeter(Messages())
    meter.feed(b'data: {"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}\n\n')
    assert meter.usage == Usage(9, None)
