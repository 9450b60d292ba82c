"""What is left of the account's own budgets, in the vendors' headers. No other level is ever shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stillwatch.gateway.dialects.shape import Vendor
from stillwatch.gateway.nouns import Unit
from stillwatch.gateway.ports import Headroom

Header = tuple[bytes, bytes]

OPENAI_UNITS = ((b"requests", (Unit.CALLS,)), (b"tokens", (Unit.OUTPUT_TOKENS, Unit.INPUT_TOKENS)))
"""OpenAI shows one token budget: the output's here, for it is the dearer one; the input's where there is no other."""

ANTHROPIC_UNITS = (
    (Unit.CALLS, b"requests"),
    (Unit.INPUT_TOKENS, b"input-tokens"),
    (Unit.OUTPUT_TOKENS, b"output-tokens"),
)


def limit_headers(vendor: Vendor, headroom: Mapping[Unit, Headroom], now: float) -> list[Header]:
    """Return the headers. ``now`` is seconds since 1970, for Anthropic's reset times."""
    if not headroom:
        return []
    return list(_anthropic(headroom, now) if vendor == "anthropic" else _openai(headroom))


def _openai(headroom: Mapping[Unit, Headroom]) -> Iterator[Header]:
    for name, units in OPENAI_UNITS:
        room = next((headroom[u] for u in units if u in headroom), None)
        if room is not None:
            yield b"x-ratelimit-limit-" + name, b"%d" % room.limit
            yield b"x-ratelimit-remaining-" + name, b"%d" % max(room.remaining, 0)
            yield b"x-ratelimit-reset-" + name, _span(room.reset_seconds)


def _span(seconds: float) -> bytes:
    """Return a Go duration, as OpenAI writes them: 120ms, 1.5s, 6m0s."""
    if seconds < 1:
        return b"%dms" % round(max(seconds, 0) * 1000)
    if seconds < 60:
        return b"%gs" % round(seconds, 3)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (b"%dh" % hours if hours else b"") + b"%dm%ds" % (minutes, rest)


def _anthropic(headroom: Mapping[Unit, Headroom], now: float) -> Iterator[Header]:
    for unit, name in ANTHROPIC_UNITS:
        room = headroom.get(unit)
        if room is not None:
            reset = datetime.fromtimestamp(now + room.reset_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield b"anthropic-ratelimit-%s-limit" % name, b"%d" % room.limit
            yield b"anthropic-ratelimit-%s-remaining" % name, b"%d" % max(room.remaining, 0)
            yield b"anthropic-ratelimit-%s-reset" % name, reset.encode()
