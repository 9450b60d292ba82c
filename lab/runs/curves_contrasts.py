"""The comparisons that docs/lab-defences.md draws conclusions from: which two groups of students, and what is asked."""

from __future__ import annotations

from typing import Any, NamedTuple

from runs.curves_models import FEW, HALF, LONG, LOW, MANY, MOST
from stillwatch_lab.curves.summary import CellResults, Side, contrast

TEXT = "none : text"
LOGPROBS = "none : logprobs"
HIDDEN = "reasoning-hidden : text"
SUMMARIES = "reasoning-summarised : text"


class Comparison(NamedTuple):
    """A question, and the two sides whose difference answers it."""

    question: str
    one: Side
    other: Side


def comparisons() -> list[Comparison]:
    """List all of them, in the order of the page."""
    return [
        _at("hiding the reasoning", HIDDEN, TEXT, HALF),
        _at("hiding the reasoning", HIDDEN, TEXT, MOST),
        Comparison("the same, trained twice as long", Side(HIDDEN, MOST, LONG), Side(HIDDEN, MOST)),
        Comparison(
            "single steps asked, against hidden reasoning",
            Side("reasoning-hidden : decomposition", FEW[-1]),
            Side(HIDDEN, MOST),
        ),
        Comparison("facts recombined, beside text", Side("none : recombination", FEW[-1]), Side(TEXT, HALF)),
        _at("summaries", SUMMARIES, TEXT, MANY),
        _at("steps thinned", "reasoning-thinned : text", TEXT, MANY),
        _at("inversion of summaries", "reasoning-summarised : inversion", SUMMARIES, MANY),
        _at("inversion of nothing", "reasoning-hidden : inversion", HIDDEN, MOST),
        *(_at("log-probabilities, beside text", LOGPROBS, TEXT, n) for n in (LOW, HALF, MANY)),
        *(
            Comparison("the same, both trained twice as long", Side(LOGPROBS, n, LONG), Side(TEXT, n, LONG))
            for n in (HALF, MANY)
        ),
        _at("five likeliest only, beside all", "logprobs-top-k : logprobs", LOGPROBS, HALF),
        _at("rounded to 1 nat, beside exact", "logprobs-rounded : logprobs", LOGPROBS, HALF),
        _at("questions asked four times, beside new ones", "logprobs-stripped : repeated-sampling", TEXT, MANY),
        *(_at("on the student's own text", "none : on-policy", LOGPROBS, n) for n in (HALF, MANY)),
        _at("antidistillation 0.7, beside temperature 1.5", "antidistillation : text", "temperature : text", MOST),
        _at(
            "antidistillation 1.3, beside temperature 2",
            "antidistillation (strength 1.3) : text",
            "temperature (degree 2) : text",
            MOST,
        ),
        *(
            _at(f"votes, against {name}", f"{name} : filtering", f"{name} : text", MOST)
            for name in ("temperature", "antidistillation")
        ),
        _at("green list", "green-list : text", TEXT, MANY),
        _at("green list paraphrased", "green-list : paraphrasing", "green-list : text", MANY),
        _at("green list diluted", "green-list : dilution", "green-list : text", MANY),
        _at("tournament", "tournament : text", TEXT, MANY),
        _at("canaries", "canaries : text", TEXT, MANY),
        _at("tasks alone, against canaries", "canaries : selective", "canaries : text", MANY),
    ]


def compare(cells: list[CellResults]) -> list[dict[str, Any]]:
    """Answer those whose students were made."""
    answered = ((one.question, contrast(cells, one.one, one.other)) for one in comparisons())
    return [{"question": question, **found} for question, found in answered if found is not None]


def _at(question: str, one: str, other: str, queries: int) -> Comparison:
    return Comparison(question, Side(one, queries), Side(other, queries))
