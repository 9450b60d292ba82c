"""What a call is expected to take before it is made."""

from __future__ import annotations

import re

from stillwatch.gateway.call import weight_of
from stillwatch.gateway.dialects.shape import Dialect
from stillwatch.gateway.nouns import Ask
from stillwatch.gateway.ports import Cost
from stillwatch.gateway.settings import Weights

BYTES_PER_TOKEN = 4
"""Of English text and its JSON (OpenAI: "about 4 characters"); the limiter learns each account's factor."""

FIRST_HOLD = 1024
"""Output tokens held at admission; streams top up from there (docs/gateway.md, limits)."""

LOOK_AT_BYTES = 64 << 10
"""Bodies above this are searched for pictures and files, which cost tokens by their size in pixels, not in bytes."""

ENCODED = re.compile(rb"[A-Za-z0-9+/]{4096,}={0,2}")
"""Base64 this long is a picture or file: 3 KiB is an icon."""

PICTURE_TOKENS = 1600
"""About what the largest picture costs (Anthropic: width x height / 750, at most about 1,600)."""


def cost_of(dialect: Dialect, ask: Ask, raw: bytes, *, weights: Weights, limit_factor: float) -> Cost:
    """Return the cost of admitting a call. What the model server counts replaces the estimate afterwards."""
    if not dialect.generates:
        counted = ask.input_bytes / BYTES_PER_TOKEN
        return Cost(input_tokens=counted, output_hold=0.0, stream=False, limit_factor=limit_factor)
    ceiling = FIRST_HOLD if ask.max_output_tokens is None else min(ask.max_output_tokens, FIRST_HOLD)
    made = (_input_tokens(raw), float(ceiling * ask.n), True, weight_of(ask, weights), limit_factor)
    # NamedTuple's own constructor is a Python function: this is the way of every call.
    return tuple.__new__(Cost, made)


def _input_tokens(raw: bytes) -> float:
    if len(raw) <= LOOK_AT_BYTES:
        return len(raw) / BYTES_PER_TOKEN
    pictures = [found.end() - found.start() for found in ENCODED.finditer(raw)]
    return (len(raw) - sum(pictures)) / BYTES_PER_TOKEN + PICTURE_TOKENS * len(pictures)
