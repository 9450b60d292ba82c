"""Token counts under every name."""

from __future__ import annotations

from stillwatch.gateway.dialects.embeddings import Embeddings
from stillwatch.gateway.dialects.shape import Usage
from stillwatch.gateway.dialects.usage import read_usage
from stillwatch.gateway.dialects.whole import find_usage


def test_openais_counts_include_cached_input() -> None:
    counted = {
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert read_usage(counted) == Usage(10, 4, 6, 3)


def test_anthropics_counts_are_put_together() -> None:
    counted = {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 2,
        "output_tokens": 4,
    }
    assert read_usage(counted) == Usage(17, 4, 5, None)


def test_counts_that_are_none_are_none() -> None:
    assert read_usage(None) is None
    assert read_usage({"prompt_tokens": -1, "completion_tokens": "4"}) == Usage()
    assert read_usage({"prompt_tokens": True}) == Usage()


def test_usage_of_an_embedding_is_found_without_parsing_its_numbers() -> None:
    numbers = b'{"data":[' + b"0.1," * 100_000
    usage = b'"usage": {"prompt_tokens": 8, "prompt_tokens_details": {"cached_tokens": 2}, "total_tokens": 8}'
    assert find_usage(numbers + b"0]," + usage + b"}", Embeddings()) == Usage(8, None, 2, None)
    assert find_usage(b"{" + usage + numbers, Embeddings()) == Usage(8, None, 2, None)
    assert find_usage(numbers, Embeddings()) is None
