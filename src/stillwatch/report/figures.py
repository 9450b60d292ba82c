"""The geometry of the drawings: plain numbers, which the templates write as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.report import words

FULL_SCALE_BITS = 12.0
"""A family's evidence is capped at twelve bits for it (detect.answers), so bars end there."""


@dataclass(frozen=True)
class Bar:
    """A bar from ``x`` over ``width`` on a scale of 0 to 100 with its zero in the middle."""

    x: float
    width: float
    against: bool


@dataclass(frozen=True)
class Row:
    """One row of a timeline: a path of columns over ``slots`` x 100, and its highest value in words."""

    path: str
    title: str
    peak: str


@dataclass(frozen=True)
class Timeline:
    """Calls and accounts over time."""

    slots: int
    rows: list[Row]
    first: str
    middle: str
    last: str
    says: str


@dataclass(frozen=True)
class Strip:
    """The hours of the day: for each the opacity of its field, and all of it in words."""

    fields: list[float]
    says: str


def bar(bits: float) -> Bar:
    """Draw bits as a bar to the right (for) or to the left (against)."""
    width = round(min(abs(bits), FULL_SCALE_BITS) / FULL_SCALE_BITS * 50, 2)
    return Bar(50.0 if bits >= 0 else round(50 - width, 2), width, bits < 0)


def timeline(points: Sequence[dict[str, Any]]) -> Timeline | None:
    """Draw the points of a campaign's timeline; None if there are none."""
    if not points:
        return None
    at = [words.moment(p.get("at")) for p in points]
    first, last = at[0], at[-1]
    daily = len(at) > 1 and at[1] is not None and first is not None and (at[1] - first).total_seconds() > 3600
    step = "day" if daily else "hour"
    calls = [int(p.get("calls", 0)) for p in points]
    accounts = [int(p.get("accounts", 0)) for p in points]
    write = words.day if daily else words.minute
    rows = [
        Row(_columns(calls), f"Calls per {step}", f"{max(calls):,} at most"),
        Row(
            _columns(accounts),
            # A day's number is that of its busiest hour (detect.describe): accounts per day are not known here.
            "Accounts active in the busiest hour of each day" if daily else "Accounts active per hour",
            f"{max(accounts):,} at most",
        ),
    ]
    quiet = sum(1 for c in calls if not c)
    busiest = calls.index(max(calls))
    says = (
        f"From {write(first)} to {write(last)} UTC; the busiest {step} was {write(at[busiest])} "
        f"with {max(calls):,} calls; {quiet:,} of {len(calls):,} {step}s had none."
    )
    return Timeline(len(points), rows, write(first), write(at[len(at) // 2]), write(last), says)


def _columns(values: Sequence[int]) -> str:
    top = max([*values, 1])
    parts = []
    for slot, value in enumerate(values):
        if value:
            # Never under two in a hundred: an hour with one call among thousands must still be seen.
            height = max(2.0, value / top * 100)
            parts.append(f"M{slot} 100V{100 - height:.4g}h.9V100z")
    return "".join(parts)


def strip(hours: Sequence[int]) -> Strip | None:
    """Draw calls by hour of the day (UTC); None unless there are 24 numbers and some calls."""
    if len(hours) != 24 or not sum(hours):
        return None
    top, total = max(hours), sum(hours)
    fields = [round(0.06 + 0.94 * h / top, 3) if h else 0.0 for h in hours]
    # A 240th is a tenth of an even hour's share: less than that is a straggler, not a working hour.
    used = sum(1 for h in hours if h >= total / 240)
    busiest = hours.index(top)
    most = f"the busiest, from {busiest:02d}:00 UTC, has {words.percent(top / total)} of the calls"
    says = f"Used in {used} of 24 hours; {most}."
    return Strip(fields, says)
