"""What is left of the account's own budgets, in the vendors' headers. No other level is ever shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stillwatch.gateway.dialects.shape import Vendor
from stillwatch.gateway.nouns import Unit
from stillwatch.gateway.ports import Headroom

Header = tuple[bytes, bytes]

# Python 3.11 looks members of an enumeration up in Python: on the way of every call, plain names stand for them.
CALLS, INPUT_TOKENS, OUTPUT_TOKENS = Unit.CALLS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS

ANTHROPIC_UNITS = ((CALLS, b"requests"), (INPUT_TOKENS, b"input-tokens"), (OUTPUT_TOKENS, b"output-tokens"))


def limit_headers(vendor: Vendor, headroom: Mapping[Unit, Headroom], now: float) -> list[Header]:
    """Return the headers. ``now`` is seconds since 1970, for Anthropic's reset times."""
    if not headroom:
        return []
    if vendor == "anthropic":
        return list(_anthropic(headroom, now))
    headers: list[Header] = []
    calls = headroom.get(CALLS)
    if calls is not None:
        headers += (
            (b"x-ratelimit-limit-requests", b"%d" % calls.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % calls.remaining),
            (b"x-ratelimit-reset-requests", _span(calls.reset_seconds)),
        )
    tokens = headroom.get(OUTPUT_TOKENS) or headroom.get(INPUT_TOKENS)
    if tokens is not None:
        # OpenAI shows one token budget: the output's, for it is the dearer one; the input's where there is no other.
        headers += (
            (b"x-ratelimit-limit-tokens", b"%d" % tokens.limit),
            (b"x-ratelimit-remaining-tokens", b"%d" % tokens.remaining),
            (b"x-ratelimit-reset-tokens", _span(tokens.reset_seconds)),
        )
    return headers


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
            yield b"anthropic-ratelimit-%s-remaining" % name, b"%d" % room.remaining
            yield b"anthropic-ratelimit-%s-reset" % name, reset.encode()
