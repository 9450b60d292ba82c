"""Published figures that our curves are put beside, from ``anchors.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Ratio:
    """One student's accuracy as a share of another's, as published; ``ours`` and ``beside`` name our two cells.

    ``ours`` is defence, attacker and, where it is not chains, the task.
    """

    what: str
    source: str
    published: float
    ours: tuple[str, ...]
    beside: tuple[str, ...]


def read_ratios() -> list[Ratio]:
    """Read the ratios."""
    text = (files("stillwatch_lab.curves") / "anchors.toml").read_text("utf-8")
    return [
        Ratio(
            table["what"],
            table["source"],
            table["published"],
            tuple(table["ours"]),
            tuple(table.get("beside", ("none", "text"))),
        )
        for table in tomllib.loads(text)["ratio"]
    ]


def read_harvests() -> dict[str, int]:
    """Read how many exchanges published harvests had."""
    text = (files("stillwatch_lab.curves") / "anchors.toml").read_text("utf-8")
    return {table["what"]: table["queries"] for table in tomllib.loads(text)["harvest"]}
