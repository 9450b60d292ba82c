"""One entry of ``operators.json`` as the page tells it: accounts of one operator whose use is not like extraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.report import words
from stillwatch.report.observables import signal_name

Json = dict[str, Any]
MAX_NAMES = 20
"""Accounts named on the page; ``operators.json`` names all."""
MAX_HELD = 3


@dataclass(frozen=True)
class Operator:
    """A group that answered the first question with yes and the second with no, in words."""

    name: str
    headline: str
    says: str
    names: str
    odds: str
    held: str
    why: str
    period: str
    verification: str


def operator(entry: Json) -> Operator:
    """Put an entry into words. Optional keys may be missing."""
    shown = [words.name(n) for n in entry.get("account_names", [])[:MAX_NAMES]]
    accounts = int(entry.get("accounts", len(shown)))
    more = f" and {accounts - len(shown):,} more" if shown and accounts > len(shown) else ""
    verification = ", ".join(f"{v:,} {k}" for k, v in sorted(entry.get("verification", {}).items()))
    calls = words.several(int(entry.get("calls", 0)), "call")
    return Operator(
        words.name(entry.get("operator", "unnamed")),
        f"{words.several(accounts, 'account')}, {calls}",
        str(entry.get("says", "")),
        ", ".join(shown) + more or "unknown",
        words.odds(float(entry.get("coordination", {}).get("bits", 0.0))),
        _held(entry.get("observables", [])),
        " ".join(str(s) for s in entry.get("why_no_campaign", [])) or "Nothing asks for what training data is made of.",
        words.period(entry.get("first_call_at"), entry.get("last_call_at")),
        verification or "unknown",
    )


def _held(observables: Sequence[Json]) -> str:
    """Name the strongest kinds of what they share, each with how many accounts hold its commonest value."""
    most: dict[str, int] = {}
    for one in observables:
        kind = str(one.get("signal", ""))
        most[kind] = max(most.get(kind, 0), int(one.get("holders", 0)))
    kinds = [f"{signal_name(kind)} ({words.count(n)} have the same)" for kind, n in most.items()]
    return words.listing(kinds[:MAX_HELD]) if kinds else "what is unknown"
