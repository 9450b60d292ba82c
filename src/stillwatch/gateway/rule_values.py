"""What a rules file may say: every key, and how its value is read. Unknown keys are refused."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from stillwatch.gateway.conditions import When
from stillwatch.gateway.nouns import Action, Mode
from stillwatch.records import Family

VERIFICATION = ("none", "education", "startup", "research", "kyc")
"""As in the accounts table (records.ACCOUNTS); a word that no account ever has would be a rule that never applies."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER_EVIDENCE = re.compile(r"country|nation|language|locale|citizen|ethnic|religio", re.IGNORECASE)
"""Words for what people are. There is no such condition, and there will be none (docs/decisions)."""

Read = Callable[[object], Any]


def read_values(keys: Mapping[str, tuple[str, Read]], table: Mapping[str, object]) -> tuple[Any, list[tuple[str, str]]]:
    """Read a table by its keys.

    Return the values (a When for ``WHEN``, keyword arguments for ``RULE``), and the faults as pairs of key and problem.
    """
    values: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for key, raw in table.items():
        if key not in keys:
            faults.append((key, _unknown(key, keys)))
            continue
        field, read = keys[key]
        try:
            values[field] = read(raw)
        except ValueError as problem:
            faults.append((key, str(problem)))
    if keys is RULE:
        faults += [(key, "is missing; every rule has one") for key in REQUIRED if key not in table]
        return values, faults
    return (When() if faults else When(**values)), faults


def nearest(key: str, known: Collection[str]) -> str:
    """Return a hint at the known key that looks most like this one, or nothing."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _unknown(key: str, keys: Mapping[str, object]) -> str:
    if NEVER_EVIDENCE.search(key):
        return "no rule may look at country, nationality or language: they are never evidence; remove it"
    return f"no such key{nearest(key, keys)}; known: {', '.join(keys)}"


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError(f"is {raw!r}; write some text")
    if any(not c.isprintable() for c in raw):
        raise ValueError("holds a character that does not print; it is shown in a header, so write one plain line")
    return raw.strip()


def _url(raw: object) -> str:
    text = _text(raw)
    if not re.fullmatch(r"https?://[!-~]+", text):
        raise ValueError(f"is {text!r}; write an address that starts with https://")
    return text


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"is {raw!r}; write true or false")  # noqa: TRY004  (a wrong value in a file)
    return raw


def _number(low: float, high: float = math.inf) -> Read:
    def read(raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high or math.isinf(raw):
            raise ValueError(f"is {raw!r}; write a number {_range(low, high)}")
        return float(raw)

    return read


def _whole(low: int) -> Read:
    def read(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or raw < low:
            raise ValueError(f"is {raw!r}; write a whole number of at least {low}")
        return raw

    return read


def _range(low: float, high: float) -> str:
    return f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"


def _words(*known: str) -> Read:
    def read(raw: object) -> frozenset[str]:
        if not isinstance(raw, list) or not raw or not all(isinstance(word, str) for word in raw):
            raise ValueError(f"is {raw!r}; write a list of words")
        for word in raw if known else ():
            if word not in known:
                raise ValueError(f"has {word!r}{nearest(word, known)}; known: {', '.join(known)}")
        return frozenset(raw)

    return read


def _weekdays(raw: object) -> frozenset[int]:
    return frozenset(WEEKDAYS.index(day) for day in _words(*WEEKDAYS)(raw))


def _bits(raw: object) -> dict[Family, float]:
    families = [f.value for f in Family]
    if not isinstance(raw, dict) or not raw:
        raise ValueError(f"is {raw!r}; write a table such as {{ content = 3.0 }}")
    for family in raw:
        if family not in families:
            raise ValueError(f"has {family!r}{nearest(family, families)}; known: {', '.join(families)}")
    return {Family(family): _number(0)(least) for family, least in raw.items()}


def _minutes(raw: object) -> tuple[int, int]:
    if not isinstance(raw, list) or len(raw) != 2 or raw[0] == raw[1]:
        raise ValueError(f'is {raw!r}; write two different times of the day in UTC, such as ["22:00", "06:00"]')
    start, end = (_minute(moment) for moment in raw)
    return start, end


def _minute(raw: object) -> int:
    if isinstance(raw, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", raw):
        raw = time.fromisoformat(raw)
    if not isinstance(raw, time):
        raise ValueError(f'has {raw!r}; write a time of the day in UTC, such as "06:00"')  # noqa: TRY004  (the same)
    return raw.hour * 60 + raw.minute


def _moment(raw: object) -> float:
    if isinstance(raw, datetime):
        return (raw if raw.tzinfo else raw.replace(tzinfo=UTC)).timestamp()
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=UTC).timestamp()
    raise ValueError(f"is {raw!r}; write a date without quotes, such as 2026-12-31 (UTC)")


def _one_of(kind: type[Action | Mode]) -> Read:
    def read(raw: object) -> Action | Mode:
        known = [member.value for member in kind]
        if raw not in known:
            raise ValueError(f"is {raw!r}{nearest(str(raw), known)}; known: {', '.join(known)}")
        return kind(raw)

    return read


REQUIRED = ("name", "action", "reason")
RULE: dict[str, tuple[str, Read]] = {
    "name": ("name", _text),
    "action": ("action", _one_of(Action)),
    "amount": ("amount", _number(0)),
    "mode": ("mode", _one_of(Mode)),
    "reason": ("reason", _text),
    "url": ("url", _url),
    "days": ("days", _number(0.01)),
    "until": ("until", _moment),
    "silent_reason": ("silent_reason", _text),
}
"""Keys of ``[[rules]]``: the field of policy.Rule, and how to read it."""

WHEN: dict[str, tuple[str, Read]] = {
    "campaign": ("campaign", _flag),
    "min_strength_bits": ("min_strength_bits", _number(0)),
    "min_match_weight": ("min_match_weight", _number(0)),
    "min_share": ("min_share", _number(0, 1)),
    "min_bits": ("min_bits", _bits),
    "min_families": ("min_families", _whole(1)),
    "family_bits": ("family_bits", _number(0.1)),
    "verification": ("verification", _words(*VERIFICATION)),
    "plan": ("plan", _words()),
    "younger_than_days": ("younger_than_days", _number(0)),
    "older_than_days": ("older_than_days", _number(0)),
    "model": ("model", _words()),
    "operation": ("operation", _words()),
    "reasoning": ("reasoning", _flag),
    "logprobs": ("logprobs", _flag),
    "stream": ("stream", _flag),
    "min_n": ("min_n", _whole(2)),
    "min_tools": ("min_tools", _whole(1)),
    "min_output_tokens": ("min_output_tokens", _whole(1)),
    "hours": ("minutes", _minutes),
    "weekdays": ("weekdays", _weekdays),
    "not_before": ("not_before", _moment),
    "not_after": ("not_after", _moment),
}
"""Keys of ``[rules.when]``: the field of conditions.When, and how to read it."""
