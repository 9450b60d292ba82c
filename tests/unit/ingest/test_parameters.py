from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.parameters import asked, count_tools, used


@pytest.mark.parametrize(
    ("request_body", "row"),
    [
        ({}, {}),
        (
            {"temperature": 0, "max_tokens": 5, "stream": False},
            {"temperature": 0, "max_output_tokens": 5, "stream": False},
        ),
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"max_output_tokens": 7}),
        ({"temperature": None, "n": "two"}, {}),
        ({"logprobs": 0}, {"logprobs": True}),
        ({"logprobs": False, "top_logprobs": 0}, {"logprobs": False}),
        ({"top_logprobs": 5}, {"logprobs": True}),
        ({"tools": [{}, {}]}, {"tools": 2}),
        ({"toolConfig": {"tools": [{}]}}, {"tools": 1}),
    ],
)
def test_names_what_a_request_asked_for(request_body: dict[str, Any], row: dict[str, Any]) -> None:
    assert asked(request_body) == row


def test_counts_all_input_together_whoever_counts_it_apart() -> None:
    openai = {"prompt_tokens": 110, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 100}}
    anthropic = {
        "input_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 7,
        "output_tokens": 5,
    }
    converse = {"inputTokens": 3, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 7, "outputTokens": 5}
    wanted = {"input_tokens": 110, "output_tokens": 5, "cached_input_tokens": 100}
    assert used(openai) == used(anthropic) == used(converse) == wanted


def test_finds_reasoning_in_both_openai_shapes() -> None:
    assert used({"completion_tokens_details": {"reasoning_tokens": 4}}) == {"reasoning_tokens": 4}
    assert used({"output_tokens_details": {"reasoning_tokens": 4}}) == {"reasoning_tokens": 4}
    assert used({"input_tokens": None, "output_tokens": "many"}) == {}


def test_counts_tools() -> None:
    assert (count_tools([1, 2]), count_tools("[1]"), count_tools([]), count_tools(None)) == (2, 1, None, None)
