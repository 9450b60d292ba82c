"""The gateway with OpenAI's own client, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest

from gateway_rig import LIMIT_REACHED, run, running

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def hello(text: str = "Hello there") -> Any:
    return [{"role": "user", "content": text}]


def test_answers_a_chat_and_records_it() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            answer = await client.chat.completions.create(model="m", messages=hello(), max_tokens=50, temperature=0.5)
            assert answer.choices[0].message.content == "Hello there "
            row = rig.journal.only
            assert row["account"] == "acme"
            assert row["model"] == "m"
            assert json.loads(row["messages"]) == hello()
            assert row["temperature"] == 0.5
            assert row["max_output_tokens"] == 50
            assert (row["input_tokens"], row["output_tokens"], row["status"]) == (2, 2, 200)
            assert row["finish_reason"] == "stop"
            assert row["client_address"] == "127.0.0.1"
            assert str(row["user_agent"]).startswith("AsyncOpenAI")
            hold = rig.limits.only
            assert (sum(hold.captured), hold.input_tokens, hold.released) == (2, 2, 1)

    run(test)


def test_streams_to_a_caller_who_did_not_ask_for_usage_without_showing_it() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            stream = await client.chat.completions.create(model="m", messages=hello("one two three"), stream=True)
            chunks = [chunk async for chunk in stream]
            assert "".join(c.choices[0].delta.content or "" for c in chunks) == "one two three "
            assert all(c.choices and c.usage is None and "usage" not in c.model_fields_set for c in chunks)
            assert rig.journal.only["output_tokens"] == 3
            assert sum(rig.limits.only.captured) == 3
            assert json.loads(rig.seen[0][2])["stream_options"] == {"include_usage": True}

    run(test)


def test_streams_usage_to_a_caller_who_asked() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            stream = await client.chat.completions.create(
                model="m", messages=hello("one two"), stream=True, stream_options={"include_usage": True}
            )
            last = [chunk async for chunk in stream][-1]
            assert last.usage is not None
            assert last.usage.completion_tokens == 2

    run(test)


def test_relays_a_body_byte_for_byte() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            await client.chat.completions.create(
                model="m", messages=hello("é \u2028 😀"), extra_body={"x": [1.50, None]}
            )
            sent = rig.seen[0][2]
            assert b"1.5" in sent
            assert json.loads(sent)["x"] == [1.5, None]

    run(test)


def test_calls_tools_with_and_without_streaming() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            answer = await client.chat.completions.create(model="m", messages=hello("[tool]"), tools=[TOOL])
            calls = answer.choices[0].message.tool_calls
            assert calls is not None
            assert json.loads(calls[0].function.arguments) == {"city": "Paris"}  # type: ignore[union-attr]
            async with client.chat.completions.stream(model="m", messages=hello("[tool]"), tools=[TOOL]) as stream:
                final = await stream.get_final_completion()
            assert final.choices[0].message.tool_calls[0].function.name == "weather"  # type: ignore[index]
            assert [row["tools"] for row in rig.journal.admitted.values()] == [1, 1]

    run(test)


def test_serves_the_synchronous_client() -> None:
    def use(settings: dict[str, Any]) -> str:
        with openai.OpenAI(**settings) as client:
            stream = client.chat.completions.create(model="m", messages=hello("a b c"), stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    async def test() -> None:
        async with running() as rig:
            assert await asyncio.to_thread(use, rig.openai) == "a b c "

    run(test)


def test_serves_completions_embeddings_models_and_responses() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            text = await client.completions.create(model="m", prompt=["one", "two"], max_tokens=9)
            assert len(text.choices) == 2
            vectors = await client.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
            assert len(vectors.data) == 2
            assert [m.id async for m in client.models.list()] == ["claude", "m", "m-latest", "renamed"]
            assert (await client.models.retrieve("m")).id == "m"
            answer = await client.responses.create(model="m", input="say this", instructions="be brief")
            assert answer.output_text == "say this "
            async with client.responses.stream(model="m", input="say that") as stream:
                assert (await stream.get_final_response()).output_text == "say that "
            rows = list(rig.journal.admitted.values())
            operations = [row["operation"] for row in rows]
            assert operations == ["text_completion", "embeddings", "chat", "chat"]
            assert rows[2]["prompt"] == "say this"
            assert rows[2]["system"] == "be brief"
            assert [h.cost.output_hold for h in rig.limits.holds] == [18.0, 0.0, 1024.0, 1024.0]

    run(test)


@pytest.mark.parametrize(
    ("status", "raised"),
    [(400, openai.BadRequestError), (404, openai.NotFoundError), (500, openai.InternalServerError)],
)
def test_passes_the_model_servers_errors_on(status: int, raised: type[openai.APIStatusError]) -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            with pytest.raises(raised) as told:
                await client.chat.completions.create(model="m", messages=hello(f"[error {status}]"))
            assert told.value.status_code == status
            assert rig.journal.only["status"] == status
            assert rig.limits.only.input_tokens == 0
            assert rig.limits.only.released == 1

    run(test)


@pytest.mark.parametrize(("status", "shown"), [(401, 502), (403, 502), (302, 502)])
def test_hides_what_is_between_the_gateway_and_the_model_server(status: int, shown: int) -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            with pytest.raises(openai.InternalServerError) as told:
                await client.chat.completions.create(model="m", messages=hello(f"[error {status}]"))
            assert told.value.status_code == shown
            assert "as you asked" not in str(told.value)

    run(test)


def test_refuses_a_wrong_key_before_reading_the_body() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**{**rig.openai, "api_key": "sw-wrong"}) as client:
            with pytest.raises(openai.AuthenticationError):
                await client.chat.completions.create(model="m", messages=hello())
            assert not rig.seen
            assert not rig.journal.admitted

    run(test)


def test_refuses_over_the_limit_with_retry_after_and_never_names_the_campaign() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            rig.limits.refuse = LIMIT_REACHED
            with pytest.raises(openai.RateLimitError) as told:
                await client.chat.completions.create(model="m", messages=hello())
            assert told.value.response.headers["retry-after"] == "8"
            assert "campaign" not in told.value.response.text + str(told.value.response.headers)
            assert rig.journal.notes[0][1]["level"] == "campaign"
            assert not rig.journal.admitted

    run(test)


def test_the_clients_own_retry_succeeds_after_a_refusal() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**{**rig.openai, "max_retries": 1}) as client:
            rig.limits.refuse = type(LIMIT_REACHED)(LIMIT_REACHED.level, LIMIT_REACHED.unit, 0.01)
            asyncio.get_running_loop().call_later(0.2, setattr, rig.limits, "refuse", None)
            answer = await client.chat.completions.create(model="m", messages=hello())
            assert answer.choices

    run(test)


def test_shows_what_is_left_in_the_vendors_headers() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            raw = await client.chat.completions.with_raw_response.create(model="m", messages=hello())
            headers = raw.headers
            assert headers["x-ratelimit-limit-requests"] == "60"
            assert headers["x-ratelimit-remaining-tokens"] == "1500"
            assert headers["x-ratelimit-reset-tokens"] == "1m30s"
            assert headers["stillwatch-call"] in rig.journal.admitted

    run(test)


def test_a_model_may_be_named_by_alias_and_is_renamed_for_its_upstream() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            await client.chat.completions.create(model="m-latest", messages=hello())
            await client.chat.completions.create(model="renamed", messages=hello('say "model": "m"'))
            assert [json.loads(body)["model"] for _, _, body in rig.seen] == ["m", "inner/m"]
            assert [row["model"] for row in rig.journal.admitted.values()] == ["m", "renamed"]
            for name in ("M", "unknown", "claude"):
                with pytest.raises(openai.NotFoundError):
                    await client.chat.completions.create(model=name, messages=hello())

    run(test)
