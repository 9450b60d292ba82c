"""What the policy orders is done, on every path, and said in the answer."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

from gateway_rig import run, running
from stillwatch.gateway.nouns import Action, Effect, Mode

ENFORCE = Mode.ENFORCE


def effect(action: Action, amount: float | None = None, **more: Any) -> Effect:
    return Effect(action, "r1", more.pop("mode", ENFORCE), "reads a lot", amount=amount, **more)


def hello(text: str = "Hello there") -> Any:
    return [{"role": "user", "content": text}]


def test_caps_samples_and_tokens_and_says_so() -> None:
    async def test() -> None:
        effects = effect(Action.CAP_N, 1), effect(Action.CAP_OUTPUT_TOKENS, 3)
        async with running(*effects) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            raw = await client.chat.completions.with_raw_response.create(
                model="m", messages=hello("a b c d e"), n=4, max_tokens=100
            )
            answer = raw.parse()
            assert [c.message.content for c in answer.choices] == ["a b c "]
            said = raw.headers.get_list("stillwatch-effect")
            assert 'cap_n;amount=1;reason="reads a lot"' in said[0]
            row = rig.journal.only
            assert (row["n"], row["max_output_tokens"]) == (4, 100)
            assert rig.limits.only.cost.output_hold == 3.0

    run(test)


def test_a_ceiling_is_set_where_the_caller_gave_none() -> None:
    async def test() -> None:
        async with running(effect(Action.CAP_OUTPUT_TOKENS, 2)) as rig:
            async with openai.AsyncOpenAI(**rig.openai) as client:
                await client.chat.completions.create(model="m", messages=hello())
                await client.completions.create(model="m", prompt="a b c")
                await client.responses.create(model="m", input="a b c")
            async with anthropic.AsyncAnthropic(**rig.anthropic) as other:
                await other.messages.create(
                    model="claude",
                    max_tokens=9000,
                    messages=hello(),
                    thinking={"type": "enabled", "budget_tokens": 5000},
                )
            sent = [json.loads(body) for _, _, body in rig.seen]
            assert sent[0]["max_completion_tokens"] == 2
            assert sent[1]["max_tokens"] == 2
            assert sent[2]["max_output_tokens"] == 2
            assert sent[3]["max_tokens"] == 2
            assert "thinking" not in sent[3]

    run(test)


def test_strips_log_probabilities_on_every_path() -> None:
    async def test() -> None:
        async with running(effect(Action.STRIP_LOGPROBS)) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            answer = await client.chat.completions.create(model="m", messages=hello(), logprobs=True, top_logprobs=5)
            assert answer.choices[0].logprobs is None
            await client.completions.create(model="m", prompt="a", logprobs=5)
            await client.responses.create(
                model="m", input="a", include=["message.output_text.logprobs", "file_search_call.results"]
            )
            assert all(b"logprobs" not in body for _, _, body in rig.seen)
            assert rig.limits.holds[0].cost.weight == 1.0
            assert [row["logprobs"] for row in rig.journal.admitted.values()] == [True, True, True]

    run(test)


def test_log_probabilities_weigh_more_where_they_are_given() -> None:
    async def test() -> None:
        async with running() as rig, openai.AsyncOpenAI(**rig.openai) as client:
            await client.chat.completions.create(model="m", messages=hello(), logprobs=True)
            assert rig.limits.only.cost.weight == 2.0

    run(test)


def test_withholds_reasoning_in_whole_answers_and_streams_of_chat() -> None:
    async def test() -> None:
        async with running(effect(Action.WITHHOLD_REASONING)) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            answer: Any = await client.chat.completions.create(model="m", messages=hello("[think] a"))
            assert "reasoning_content" not in answer.choices[0].message.model_fields_set
            stream = await client.chat.completions.create(model="m", messages=hello("[think] a b"), stream=True)
            chunks: list[Any] = [chunk async for chunk in stream]
            deltas = [c.choices[0].delta for c in chunks]
            assert not any("reasoning_content" in d.model_fields_set for d in deltas)
            assert "".join(d.content or "" for d in deltas) == "a b "
            assert [row["output_tokens"] for row in rig.journal.finished.values()] == [4, 5]

    run(test)


def test_withholds_thinking_blocks_and_keeps_the_indices_whole() -> None:
    async def test() -> None:
        withhold = effect(Action.WITHHOLD_REASONING)
        async with running(withhold) as rig, anthropic.AsyncAnthropic(**rig.anthropic) as client:
            answer = await client.messages.create(model="claude", max_tokens=99, messages=hello("[think] a"))
            assert [b.type for b in answer.content] == ["text"]
            async with client.messages.stream(model="claude", max_tokens=99, messages=hello("[think] a b")) as stream:
                final = await stream.get_final_message()
            assert [b.type for b in final.content] == ["text"]
            assert final.content[0].text == "a b "  # type: ignore[union-attr]

    run(test)


def test_withholds_reasoning_items_of_responses() -> None:
    async def test() -> None:
        async with running(effect(Action.WITHHOLD_REASONING)) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            answer = await client.responses.create(
                model="m",
                input="[think] a",
                reasoning={"summary": "auto", "effort": "high"},
                include=["reasoning.encrypted_content"],
            )
            assert [item.type for item in answer.output] == ["message"]
            stream = await client.responses.create(model="m", input="[think] a", stream=True)
            events = [event async for event in stream]
            assert not [e for e in events if "reasoning" in e.type]
            assert json.loads(rig.seen[0][2])["reasoning"] == {"effort": "high"}

    run(test)


@pytest.mark.parametrize(
    ("action", "code", "url"),
    [
        (Action.SUSPEND, "account_suspended", "https://appeal.example"),
        (Action.ASK_VERIFICATION, "verification_required", "https://verify.example"),
    ],
)
def test_refuses_with_a_reason_and_a_place_to_go(action: Action, code: str, url: str) -> None:
    async def test() -> None:
        given = url if action is Action.SUSPEND else None
        async with running(effect(action, url=given)) as rig:
            async with openai.AsyncOpenAI(**rig.openai) as client:
                with pytest.raises(openai.PermissionDeniedError) as told:
                    await client.chat.completions.create(model="m", messages=hello())
                error: Any = told.value.body
                assert (error["code"], error["url"], error["message"]) == (code, url, "reads a lot")
            async with anthropic.AsyncAnthropic(**rig.anthropic) as other:
                with pytest.raises(anthropic.PermissionDeniedError):
                    await other.messages.create(model="claude", max_tokens=9, messages=hello())
            assert not rig.seen
            assert [kind for kind, _ in rig.journal.notes] == ["decision", "decision"]

    run(test)


def test_an_effect_in_shadow_is_noted_and_nothing_else() -> None:
    async def test() -> None:
        async with running(effect(Action.SUSPEND, mode=Mode.SHADOW), effect(Action.CAP_N, 1, mode=Mode.SHADOW)) as rig:
            async with openai.AsyncOpenAI(**rig.openai) as client:
                raw = await client.chat.completions.with_raw_response.create(model="m", messages=hello(), n=2)
            assert len(raw.parse().choices) == 2
            assert "stillwatch-effect" not in raw.headers
            (kind, row), *_ = rig.journal.notes
            assert kind == "decision"
            assert [e["mode"] for e in row["effects"]] == ["shadow", "shadow"]  # type: ignore[attr-defined]

    run(test)


def test_a_silent_effect_is_left_out_of_the_headers() -> None:
    async def test() -> None:
        async with running(effect(Action.CAP_N, 1, silent=True)) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            raw = await client.chat.completions.with_raw_response.create(model="m", messages=hello(), n=2)
            assert "stillwatch-effect" not in raw.headers
            assert len(raw.parse().choices) == 1

    run(test)


def test_lowered_limits_reach_the_limiter() -> None:
    async def test() -> None:
        async with running(effect(Action.LOWER_LIMITS, 0.25)) as rig, openai.AsyncOpenAI(**rig.openai) as client:
            await client.chat.completions.create(model="m", messages=hello())
            assert rig.limits.only.cost.limit_factor == 0.25

    run(test)
