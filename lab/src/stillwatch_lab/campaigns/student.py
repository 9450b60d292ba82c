"""How good a student is in hand on each day of a harvest: the days of ``harvest.py`` read on a curve of ``curves/``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch_lab.curves.estimates import Curve, accuracy_at

Json = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """How exchanges of a harvest become queries of the world: a whole harvest of ``wanted`` is ``queries``.

    It is an assumption, and the only one: whoever harvests plans what a student needs. Budgets compare in units of
    F / (steps a query), in which the curve is drawn.
    """

    wanted: int
    queries: float

    def of(self, exchanges: float) -> float:
        """Give the world's queries."""
        return exchanges * self.queries / self.wanted


def student_by_day(days: Sequence[Json], curve: Curve, scale: Scale, *, chance: float) -> list[Json]:
    """Add to each day the queries that were answered with their reasoning, and what a student of them gets right.

    Answers without reasoning count for nothing here: they are worth the little that the curve of hidden reasoning says.
    """
    found = []
    for day in days:
        whole = day["harvest"]["answered"] - day["harvest"]["without_reasoning"]
        queries = scale.of(whole)
        accuracy = accuracy_at(curve, queries, chance=chance)
        found.append(
            {"day": day["day"], "exchanges": whole, "queries": round(queries, 1), "student": round(accuracy, 4)}
        )
    return found


def day_found(days: Sequence[Json]) -> int | None:
    """Say at the end of which day at least half of the accounts that harvested were listed; None: never."""
    return next((day["day"] for day in days if day["found"]), None)


def day_reached(answers: Sequence[float], needed: float) -> int | None:
    """Say by the end of which day that many answers were there; None: not in these days."""
    return next((day for day, count in enumerate(answers, start=1) if count >= needed), None)
