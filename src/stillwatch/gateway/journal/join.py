"""The beginnings and ends of calls to whole calls. Pure: frames in, rows out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from stillwatch.gateway.journal.frames import Frame, Kind

Row = dict[str, Any]


@dataclass
class Joined:
    """What some frames say."""

    calls: list[Row] = field(default_factory=list)
    """Finished ones, and those that never will be."""
    open: dict[str, Row] = field(default_factory=dict)
    """Admitted and not finished so far, by call id."""
    notes: list[Row] = field(default_factory=list)
    partial: int = 0
    """How many of the calls have no end: their worker died first. Their status is null."""
    strays: int = 0
    """Ends without a beginning: the calls that were served without a record."""


def join_frames(frames: Iterable[Frame], *, carried: dict[str, Row], alive: bool) -> Joined:
    """Join frames in their order to calls, given those still open before.

    Each admitted call id is in ``calls`` or in ``open``, once; with ``alive`` false none stays open.
    """
    joined = Joined(open=dict(carried))
    for frame in frames:
        if frame.kind is Kind.ADMIT:
            joined.open.setdefault(frame.about, {**frame.row, "call_id": frame.about})
        elif frame.kind is Kind.FINISH:
            begun = joined.open.pop(frame.about, None)
            if begun is None:
                joined.strays += 1
            else:
                joined.calls.append({**begun, **frame.row, "call_id": frame.about})
        elif frame.kind is Kind.NOTE:
            joined.notes.append({"kind": frame.about, **frame.row})
    if not alive:
        joined.calls += [{**row, "status": None} for row in joined.open.values()]
        joined.partial = len(joined.open)
        joined.open = {}
    return joined
