"""Asks and caps of bodies of any API shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decide_world import effect
from stillwatch.gateway.adapters.asks import MOST_SAMPLES, ask_of
from stillwatch.gateway.adapters.caps import capped
from stillwatch.gateway.adapters.headers import question_of
from stillwatch.gateway.nouns import Action, Ask, Caller, Decision, Effect
from stillwatch.gateway.verdict import Verdict


@pytest.mark.parametrize(
    ("body", "ask"),
    [
        ({}, Ask("")),
        (
            {"model": "m", "max_tokens": 5, "n": 2, "stream": True, "logprobs": True, "tools": [{}]},
            Ask("m", stream=True, max_output_tokens=5, n=2, logprobs=True, tools=1),
        ),
        ({"model": "m", "max_completion_tokens": 9, "max_tokens": 5}, Ask("m", max_output_tokens=9)),
        ({"model": "m", "best_of": 3, "logprobs": 0}, Ask("m", n=3, logprobs=True)),
        ({"model": "m", "reasoning_effort": "none"}, Ask("m")),
        ({"model": "m", "reasoning_effort": "low"}, Ask("m", reasoning=True)),
        (
            {"model": "m", "reasoning": {"effort": "low"}, "max_output_tokens": 3},
            Ask("m", max_output_tokens=3, reasoning=True),
        ),
        ({"model": "m", "thinking": {"type": "enabled"}}, Ask("m", reasoning=True)),
        ({"model": "m", "thinking": {"type": "disabled"}}, Ask("m")),
        ({"model": "m", "include": ["message.output_text.logprobs"]}, Ask("m", logprobs=True)),
        ({"model": "m", "n": 10**9}, Ask("m", n=MOST_SAMPLES)),
        ({"model": "m", "n": "3", "max_tokens": True, "stream": "yes", "tools": 4}, Ask("m")),
    ],
)
def test_what_a_body_asks_for(body: dict[str, Any], ask: Ask) -> None:
    assert ask_of(body) == ask


def test_the_path_tells_the_operation() -> None:
    assert ask_of({}, path="/v1/embeddings?x=1").operation == "embeddings"
    assert ask_of({}, path="/openai/v1/completions").operation == "text_completion"
    assert ask_of({}, path="/v1/chat/completions").operation == "chat"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "none", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "x"]), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["model", "n", "best_of", "max_tokens", "logprobs", "include", "thinking", "reasoning_effort", "tools", "stream"]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, json_values))
def test_no_body_is_too_strange(body: dict[str, Any]) -> None:
    ask = ask_of(body)
    assert 1 <= ask.n <= MOST_SAMPLES
    assert ask.max_output_tokens is None or ask.max_output_tokens >= 0


def verdict(*effects: Effect) -> Verdict:
    return Verdict("c", decision=Decision(effects))


def test_caps_change_what_is_above_them_and_nothing_else() -> None:
    body = {"model": "m", "n": 4, "max_tokens": 50, "logprobs": True, "top_logprobs": 2, "seed": 1}
    capping = verdict(effect(Action.CAP_N, 2), effect(Action.CAP_OUTPUT_TOKENS, 60), effect(Action.STRIP_LOGPROBS))
    assert capped(body, capping) == {"model": "m", "n": 2, "max_tokens": 50, "seed": 1}
    low = {"model": "m", "n": 1, "max_tokens": 5}
    assert capped(low, capping) is low
    assert capped({"model": "m"}, capping) == {"model": "m", "max_tokens": 60}
    embeddings = {"model": "m", "input": "x"}
    assert capped(embeddings, capping, generates=False) is embeddings


def test_a_header_names_the_account_only_where_settings_say_so() -> None:
    headers = {"x-account": "mallory", "authorization": "Bearer sw-alice", "x-request-id": "r", "content-length": "80"}
    plain = question_of(headers, path="/")
    assert (plain.caller, plain.credential, plain.call_id, plain.ask.input_bytes) == (None, "sw-alice", "r", 80)
    told = question_of(headers, path="/", account_header="x-account")
    assert (told.caller, told.credential) == (Caller("mallory"), None)


@pytest.mark.parametrize("length", ["", "x", "-1", "1e3", "\u0663", "9" * 40])
def test_a_strange_length_is_no_length(length: str) -> None:
    assert question_of({"content-length": length}, path="/", body=b"").ask.input_bytes == 0


def test_a_body_that_is_no_json_is_a_call_all_the_same() -> None:
    assert question_of({}, path="/", body=b"\x00\xff").ask == Ask("", input_bytes=2)
