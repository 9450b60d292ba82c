"""Usage of a whole answer that nobody needs parsed: an embedding's numbers are many and say nothing of the cost."""

from __future__ import annotations

import re

import orjson

from stillwatch.gateway.dialects.shape import Dialect, Usage

LAST_BYTES = 4096
"""``usage`` is among the first or last members of an answer; it is looked for this far from either end."""

USAGE = re.compile(rb'"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')
"""A usage object with objects of one level inside (``…_tokens_details``)."""


def find_usage(answer: bytes, dialect: Dialect) -> Usage | None:
    """Return the usage of an answer without parsing the rest of it; None if it has none in reach."""
    for end in (answer[-LAST_BYTES:], answer[:LAST_BYTES]):
        found = USAGE.search(end)
        if found is not None:
            try:
                return dialect.usage({"usage": orjson.loads(found[1])})
            except orjson.JSONDecodeError:
                return None
    return dialect.usage({})
