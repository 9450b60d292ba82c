"""What a request asked for and what its answer cost, whatever the provider calls it."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.ingest.fields import first, get, items, number, total

CEILINGS = (
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "maxTokens",
    "max_tokens_to_sample",
    "max_gen_len",
)
"""Names of the output ceiling: OpenAI (chat, responses, completions), Converse, old Anthropic, Llama on
Bedrock."""

INPUTS = ("prompt_tokens", "input_tokens", "inputTokens")
OUTPUTS = ("completion_tokens", "output_tokens", "outputTokens")
CACHED = (
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "cache_read_input_tokens",
    "cacheReadInputTokens",
)
REASONING = ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens")
"""Usage fields of OpenAI's chat and responses APIs, Anthropic's messages API, and Bedrock's Converse."""

APART = (
    ("cache_read_input_tokens", "cache_creation_input_tokens"),
    ("cacheReadInputTokens", "cacheWriteInputTokens"),
)
"""Anthropic and Converse count cached input apart from ``input_tokens``; the call log counts all input
together."""


def asked(request: Mapping[str, object]) -> dict[str, object]:
    """Return the sampling parameters of a request body; one that is not there is not in the result."""
    row: dict[str, object] = {
        "temperature": get(request, "temperature"),
        "max_output_tokens": first(request, *CEILINGS),
        "n": first(request, "n", "candidate_count"),
        "logprobs": _logprobs(request),
        "stream": request.get("stream"),
        "tools": count_tools(first(request, "tools", "functions", "toolConfig.tools")),
    }
    return {k: v for k, v in row.items() if isinstance(v, int | float)}


def used(usage: Mapping[str, object]) -> dict[str, object]:
    """Return the token counts of an answer's usage; counts that are not there are not in the result."""
    counted = first(usage, *INPUTS)
    if "prompt_tokens" not in usage:
        for names in APART:
            counted = total(counted, *(usage.get(n) for n in names))
    row = {
        "input_tokens": counted,
        "output_tokens": first(usage, *OUTPUTS),
        "cached_input_tokens": first(usage, *CACHED),
        "reasoning_tokens": first(usage, *REASONING),
    }
    return {k: v for k, v in row.items() if number(v) is not None}


def count_tools(tools: object) -> int | None:
    """Return how many tools a request offers; None if it offers none."""
    if isinstance(tools, Mapping):
        return len(tools)
    offered = items(tools)
    return len(offered) if offered else None


def _logprobs(request: Mapping[str, object]) -> bool | None:
    """Tell whether log-probabilities are asked for: true, a number (0 asks too), ``top_logprobs``."""
    wish = request.get("logprobs")
    if isinstance(wish, bool):
        return wish
    if number(wish) is not None or number(request.get("top_logprobs")):
        return True
    return None
