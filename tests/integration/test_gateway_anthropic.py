"""The gateway with Anthropic's own client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import pytest

from gateway_rig import LIMIT_REACHED, run, running

TOOL: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def hello(text: str = "Hello there") -> Any:
    return [{"role": "user", "content": text}]


def test_answers_a_message_and_records_it() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            answer = await client.messages.create(
                model="claude", max_tokens=9, messages=hello(), system=[{"type": "text", "text": "be kind"}]
            )
            assert answer.content[0].text == "Hello there "  # type: ignore[union-attr]
            row = rig.journal.only
            assert row["system"] == "be kind"
            assert json.loads(row["messages"]) == hello()
            assert (row["input_tokens"], row["output_tokens"], row["finish_reason"]) == (2, 2, "stop")
            assert b"anthropic-version" in rig.seen[0][1]
            assert b"x-api-key" not in rig.seen[0][1]

    run(test)


def test_streams_text_and_thinking() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            async with client.messages.stream(model="claude", max_tokens=99, messages=hello("[think] a b")) as stream:
                final = await stream.get_final_message()
            assert [block.type for block in final.content] == ["thinking", "text"]
            assert final.usage.output_tokens == 5
            assert rig.journal.only["output_tokens"] == 5

    run(test)


def test_calls_tools_streaming() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            async with client.messages.stream(
                model="claude", max_tokens=99, messages=hello("[tool]"), tools=[TOOL]
            ) as stream:
                final = await stream.get_final_message()
            assert final.content[0].input == {"city": "Paris"}  # type: ignore[union-attr]
            assert rig.journal.only["finish_reason"] == "tool_calls"

    run(test)


def test_serves_the_synchronous_client_and_counts_tokens() -> None:
    def use(settings: dict[str, Any]) -> tuple[str, int]:
        with anthropic.Anthropic(**settings) as client:
            with client.messages.stream(model="claude", max_tokens=9, messages=hello("a b")) as stream:
                text = "".join(stream.text_stream)
            return text, client.messages.count_tokens(model="claude", messages=hello("a b")).input_tokens

    async def test() -> None:
        async with running() as rig:
            assert await asyncio.to_thread(use, rig.anthropic) == ("a b ", 2)
            assert [h.cost.stream for h in rig.limits.holds] == [True, False]

    run(test)


def test_lists_models_in_its_own_shape() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            assert "claude" in [m.id async for m in client.models.list()]

    run(test)


@pytest.mark.parametrize(("status", "raised"), [(400, anthropic.BadRequestError), (529, anthropic.InternalServerError)])
def test_passes_the_model_servers_errors_on(status: int, raised: type[anthropic.APIStatusError]) -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            with pytest.raises(raised):
                await client.messages.create(model="claude", max_tokens=9, messages=hello(f"[error {status}]"))
            assert rig.journal.only["status"] == status

    run(test)


def test_refusals_are_in_anthropics_shape() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            rig.limits.refuse = LIMIT_REACHED
            with pytest.raises(anthropic.RateLimitError) as told:
                await client.messages.create(model="claude", max_tokens=9, messages=hello())
            error: Any = told.value.body
            assert error["error"]["type"] == "rate_limit_error"

    run(test)


def test_the_clients_own_retry_succeeds_after_a_refusal() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**{**rig.anthropic, "max_retries": 1}) as client:
            rig.limits.refuse = type(LIMIT_REACHED)(LIMIT_REACHED.level, LIMIT_REACHED.unit, 0.01)
            asyncio.get_running_loop().call_later(0.2, setattr, rig.limits, "refuse", None)
            answer = await client.messages.create(model="claude", max_tokens=9, messages=hello())
            assert answer.content

    run(test)


def test_shows_what_is_left_in_the_vendors_headers() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            raw = await client.messages.with_raw_response.create(model="claude", max_tokens=9, messages=hello())
            assert raw.headers["anthropic-ratelimit-output-tokens-remaining"] == "1500"
            assert raw.headers["anthropic-ratelimit-input-tokens-limit"] == "1000"

    run(test)


def test_a_stream_that_breaks_off_ends_with_an_error_event_and_is_charged_by_what_came() -> None:
    async def test() -> None:
        async with running() as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            with pytest.raises(anthropic.APIStatusError) as told:
                async with client.messages.stream(
                    model="claude", max_tokens=99, messages=hello("[break] a b c d")
                ) as stream:
                    await stream.get_final_message()
            assert "broke off" in str(told.value)
            await rig.quiet()
            row = rig.journal.only
            assert (row["finish_reason"], row["status"], row["output_tokens"]) == ("error", 200, 1)
            assert rig.limits.only.released == 1

    run(test)
