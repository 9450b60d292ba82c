"""A small grammar of alternatives, to make many texts from few patterns.

``{a|b}`` is one of a and b (nested as you like, and ``{a|}`` may be nothing), ``$city`` one entry of the list *city*,
``$2-99`` a whole number. Everything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from stillwatch.errors import ScenarioError

_SLOT = re.compile(r"\$(\d+-\d+|[a-z_]+)")
_INNER = re.compile(r"\{([^{}]*)\}")
MAX_DEPTH = 12
"""Alternatives inside alternatives, and slots inside slots: deeper is a loop."""


def expand(pattern: str, slots: Mapping[str, Sequence[str]], random: Random) -> str:
    """Return one text of the pattern. Raises ScenarioError for a slot that has no list."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name[0].isdigit():
            low, high = name.split("-")
            return str(random.randint(int(low), int(high)))
        if name not in slots:
            raise ScenarioError(f"prompt pattern {pattern[:60]!r}: no list for ${name}; add it to slots.toml")
        return random.choice(slots[name])

    for _ in range(MAX_DEPTH):
        if "{" not in pattern and "$" not in pattern:
            break
        pattern = _INNER.sub(lambda m: random.choice(m.group(1).split("|")), pattern)
        if "{" not in pattern:
            pattern = _SLOT.sub(fill, pattern)
    return pattern


def expand_many(
    patterns: Sequence[str], slots: Mapping[str, Sequence[str]], *, count: int, random: Random
) -> list[str]:
    """Return up to ``count`` different texts, patterns taking turns; fewer where the patterns run out."""
    made: dict[str, None] = {}
    for i in range(count * 2):
        if len(made) >= count:
            break
        made.setdefault(expand(patterns[i % len(patterns)], slots, random))
    return list(made)
