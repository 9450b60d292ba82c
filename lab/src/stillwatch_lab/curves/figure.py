"""The curves as a picture: by queries, by steps, and beside what was published. The same table, the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from stillwatch_lab.curves.estimates import ceiling
from stillwatch_lab.pages.page import draw
from stillwatch_lab.world.world import World

COLOURS = ("#1f5b94", "#c4511f", "#3d8f5f", "#8a6100", "#7a4fa3", "#b03060", "#4a8a8a", "#777777")
TINTS = ("#d2b48c", "#9db8d2", "#a8cfae", "#c9b2d9", "#b8b8b8")
MARKERS = "osD^vP*X"
LEAST_POINTS = 2
"""Cells with fewer are no curve and are shown as bars."""
Json = dict[str, Any]


def make_figure(table: Json, world: World) -> Figure:
    """Draw four panels."""
    figure = Figure(figsize=(11, 9.4), layout="constrained")
    (queries, steps), (bars, ratios) = figure.subplots(2, 2)
    _by_queries(queries, table, world)
    _by_steps(steps, table)
    _cells(bars, table)
    _ratios(ratios, table["ratios"])
    return figure


def write_figure(table: Json, world: World, path: Path) -> None:
    """Write it as SVG, or PNG where the name says so."""
    figure = make_figure(table, world)
    if path.suffix == ".png":
        figure.savefig(path, dpi=150)
        return
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    path.write_text(draw(figure), encoding="utf-8")


def _by_queries(axes: Any, table: Json, world: World) -> None:
    shown = [c for c in table["query_limited"] if len(c["points"]) >= LEAST_POINTS]
    for number, cell in enumerate(shown):
        at = [int(n) for n in cell["points"]]
        means = [p["chains"]["value"] for p in cell["points"].values()]
        look = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)], "markersize": 4}
        axes.errorbar(at, means, yerr=_errors(cell), capsize=2, linewidth=1.4, label=cell["name"], **look)
    spread = sorted({int(n) for c in shown for n in c["points"]}) or [10, 1000]
    fine = [spread[0] * (spread[-1] / spread[0]) ** (i / 60) for i in range(61)]
    axes.plot(fine, [ceiling(world, n) for n in fine], color="#999999", linestyle="--", label="ideal table learner")
    axes.axhline(table["chance"], color="#cccccc", linestyle=":")
    axes.set(xscale="log", xlabel="queries", ylabel="chains right", ylim=(0, 1.04), title="limited by queries")
    axes.set_xticks(spread, [f"{n:,}" for n in spread], fontsize=8)
    upper = axes.twiny()
    upper.set(xscale="log", xlim=[n / table["unit_queries"] for n in axes.get_xlim()])
    upper.set_xlabel("queries in units of F / (steps a query)", fontsize=8)
    units = [n / table["unit_queries"] for n in spread]
    upper.set_xticks(units, [f"{u:.1f}" for u in units], fontsize=8)
    for line in (axes.xaxis, upper.xaxis):
        line.set_minor_locator(NullLocator())
    axes.legend(frameon=False, fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))


def _by_steps(axes: Any, table: Json) -> None:
    """Put the cells that were trained for less, and the full ones of the same name, on one axis of steps."""
    names = dict.fromkeys(c["name"] for c in table["compute_limited"])
    for number, name in enumerate(names):
        for queries in _most_queries(table, name):
            points = sorted(
                (c["steps"], c["points"][queries]["chains"])
                for c in (*table["compute_limited"], *table["query_limited"])
                if c["name"] == name and queries in c["points"]
            )
            means = [p["value"] for _, p in points]
            errors = _bars([p for _, p in points])
            axes.errorbar(
                [s for s, _ in points], means, yerr=errors, capsize=2, marker=MARKERS[number % len(MARKERS)],
                color=COLOURS[number % len(COLOURS)], label=f"{name}, {int(queries):,} queries", markersize=4,
            )  # fmt: skip
    axes.axhline(table["chance"], color="#cccccc", linestyle=":")
    axes.set(xlabel="training steps of 64 rows", ylabel="chains right", ylim=(0, 1.04), title="limited by compute")
    if names:
        axes.legend(frameon=False, fontsize=7, loc="lower right")


def _most_queries(table: Json, name: str) -> list[str]:
    found = {n for c in table["compute_limited"] if c["name"] == name for n in c["points"]}
    return sorted(found, key=int)


def _cells(axes: Any, table: Json) -> None:
    rows = [
        (int(n), f"{cell['name']}, {int(n):,}", point["chains"])
        for cell in table["query_limited"]
        for n, point in list(cell["points"].items())[-1:]
    ]
    # Cells of unequal queries are not to be compared: equal ones stand together, in one colour.
    rows.sort(key=lambda row: (row[0], row[2]["value"]))
    numbers = sorted({queries for queries, _, _ in rows})
    colours = [TINTS[numbers.index(queries) % len(TINTS)] for queries, _, _ in rows]
    points = [point for _, _, point in rows]
    means = [point["value"] for point in points]
    axes.barh(range(len(rows)), means, xerr=_bars(points), color=colours, error_kw={"linewidth": 1})
    axes.set_yticks(range(len(rows)), [name for _, name, _ in rows], fontsize=6.5)
    axes.axvline(table["chance"], color="#cccccc", linestyle=":")
    axes.set(xlabel="chains right", xlim=(0, 1.04), title="every cell, at its most queries (one colour: equal queries)")


def _ratios(axes: Any, ratios: list[Json]) -> None:
    places = range(len(ratios))
    axes.barh(
        [p + 0.2 for p in places], [r["published"] for r in ratios], height=0.36, color="#c4511f", label="published"
    )
    ours = [r["ours"] for r in ratios]
    axes.barh(
        [p - 0.2 for p in places], [o["value"] for o in ours], xerr=_bars(ours), height=0.36, color="#1f5b94",
        error_kw={"linewidth": 1, "ecolor": "#777777"}, label="here",
    )  # fmt: skip
    axes.set_yticks(places, [_wrapped(r["what"]) for r in ratios], fontsize=7)
    axes.axvline(1.0, color="#cccccc", linestyle=":")
    axes.set(xlabel="ratio of two students' accuracies", title="beside published ratios")
    if ratios:
        axes.legend(frameon=False, fontsize=8)


def _errors(cell: Json) -> list[list[float]]:
    return _bars([point["chains"] for point in cell["points"].values()])


def _bars(points: list[Json]) -> list[list[float]]:
    low = [p["value"] - (p["value"] if p["low"] is None else p["low"]) for p in points]
    high = [(p["value"] if p["high"] is None else p["high"]) - p["value"] for p in points]
    return [low, high]


def _wrapped(text: str, width: int = 34) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
