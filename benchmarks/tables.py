"""Outcomes of many methods on many cases, as the tables and plots of ``RESULTS.md``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks import figures
from benchmarks.metrics import Match
from benchmarks.results import show, table


@dataclass(frozen=True)
class Outcome:
    """What one method said about one incident."""

    case: str
    method: str
    recall: float | None
    purity: float | None
    innocents: dict[str, tuple[int, int]]
    seconds: float
    matches: tuple[Match, ...] = ()


def methods(outcomes: Sequence[Outcome]) -> list[str]:
    """All methods in their order."""
    return list(dict.fromkeys(o.method for o in outcomes))


def mean(outcomes: Sequence[Outcome], case: str, method: str, measure: str) -> float | None:
    """Mean of a measure over seeds; ``None`` where it is not defined for any."""
    values = [getattr(o, measure) for o in outcomes if (o.case, o.method) == (case, method)]
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def compare(outcomes: Sequence[Outcome], cases: Sequence[str], *, ours: str) -> str:
    """Write recall / purity over accounts by case and method, and seconds."""
    rows = []
    for method in methods(outcomes):
        pairs = ((mean(outcomes, c, method, "recall"), mean(outcomes, c, method, "purity")) for c in cases)
        cells = [f"{show(r)} / {show(p)}" for r, p in pairs]
        seconds = fmean(o.seconds for o in outcomes if o.method == method)
        rows.append((f"**{method}**" if method == ours else method, *cells, round(seconds, 1)))
    said = (
        "Recall / purity over accounts, mean over seeds; a dash where nobody was accused. Seconds: mean, two "
        "incidents at a time; ours is the whole program from the file, the peers are given the log in memory.\n\n"
    )
    return said + table(("method", *cases, "s"), rows)


def describe_matches(outcomes: Sequence[Outcome]) -> str:
    """Write for each planted campaign how well the best found one covers it, and the error of its volume."""
    rows = [
        (
            o.case,
            m.campaign,
            m.recall,
            m.purity,
            None if m.volume_error is None else f"{m.volume_error:+.1%}",
        )
        for o in outcomes
        for m in o.matches
    ]
    said = "Each planted campaign against the one found campaign that fits it best (one row a seed).\n\n"
    return said + table(("case", "campaign", "recall", "purity", "volume error"), rows)


def describe_innocents(outcomes: Sequence[Outcome], *, ours: str) -> str:
    """Write accused / all accounts by class and method over all incidents, the overall rate, and its plot."""
    kinds = sorted({kind for o in outcomes for kind in o.innocents})
    columns, rates = [], {}
    for method in methods(outcomes):
        held = [o.innocents for o in outcomes if o.method == method]
        wrong = [sum(h[k][0] for h in held if k in h) for k in kinds]
        size = [sum(h[k][1] for h in held if k in h) for k in kinds]
        rates[method] = 100 * sum(wrong) / sum(size)
        every = f"1 in {sum(size) / sum(wrong):,.0f}" if sum(wrong) else f"0 of {sum(size):,}"
        columns.append([*(f"{w:,}/{n:,}" for w, n in zip(wrong, size, strict=True)), every])
    figures.bars(rates, label="% of innocents accused", file="innocents.svg", ours=ours)
    said = "Innocent accounts accused / all, by class, over all cases and seeds of the section above.\n\n"
    rows = [(kind, *cells) for kind, *cells in zip([*kinds, "**all**"], *columns, strict=True)]
    return said + table(("class", *methods(outcomes)), rows) + "\n![Innocents](figures/innocents.svg)\n"


def draw(outcomes: Sequence[Outcome], cases: Sequence[str], *, ours: str, file: str, ticks: Sequence[str]) -> None:
    """Draw recall and purity of every method over the cases, as ``FILE-recall.svg`` and ``FILE-purity.svg``."""
    for measure in ("recall", "purity"):
        drawn = {m: [mean(outcomes, c, m, measure) for c in cases] for m in methods(outcomes)}
        figures.lines(drawn, ticks, label=measure, file=f"{file}-{measure}.svg", ours=ours)
