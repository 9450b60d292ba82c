"""Token counts of an answer, under the names of either vendor."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.gateway.dialects.shape import Usage


def read_usage(usage: object) -> Usage | None:
    """Return the counts of a ``usage`` object; None if it is none.

    OpenAI: ``prompt_tokens, completion_tokens`` (chat) or ``input_tokens, output_tokens`` (responses), each with
    ``…_details``. Anthropic counts cached input apart; the call log counts all input together.
    """
    if not isinstance(usage, dict):
        return None
    if "prompt_tokens" in usage:
        return _read_chat(usage)
    inputs = _count(usage, "input_tokens")
    apart = [_count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")]
    if inputs is not None:
        inputs += sum(filter(None, apart))
    details, written = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    return Usage(
        input_tokens=inputs,
        output_tokens=_count(usage, "output_tokens"),
        cached_input_tokens=_count(details, "cached_tokens") if isinstance(details, dict) else apart[0],
        reasoning_tokens=_count(written, "reasoning_tokens") if isinstance(written, dict) else None,
    )


def _read_chat(usage: Mapping[str, object]) -> Usage:
    details, written = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return Usage(
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        _count(details, "cached_tokens") if isinstance(details, dict) else None,
        _count(written, "reasoning_tokens") if isinstance(written, dict) else None,
    )


def _count(usage: Mapping[str, object], name: str) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else None
