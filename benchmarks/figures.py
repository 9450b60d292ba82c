"""The plots of ``RESULTS.md``, as SVG with fixed identifiers, so that the same numbers give the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks.false_alarms import Point

FIGURES = Path(__file__).parent / "figures"
_OURS = "#c2410c"
_GREYS = (
    "#1f2937",
    "#2563eb",
    "#059669",
    "#7c3aed",
    "#db2777",
    "#ca8a04",
    "#0891b2",
    "#6b7280",
    "#84cc16",
    "#a16207",
)
_MARKS = "svD^v<>PX*h"

mpl.use("Agg")
mpl.rcParams.update(
    {"svg.hashsalt": "stillwatch", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
)


def lines(
    named: Mapping[str, Sequence[float | None]], ticks: Sequence[str], *, label: str, file: str, ours: str
) -> None:
    """Draw one line a method over named steps; ours is thick and on top."""
    figure, axes = plt.subplots(figsize=(7.5, 4.2))
    for number, (name, values) in enumerate(named.items()):
        drawn = [float("nan") if v is None else v for v in values]
        style: dict[str, Any] = {"color": _GREYS[number % len(_GREYS)], "lw": 1, "alpha": 0.8}
        if name == ours:
            style = {"color": _OURS, "lw": 3, "zorder": 9}
        axes.plot(range(len(ticks)), drawn, marker=_MARKS[number % len(_MARKS)], ms=4, label=name, **style)
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set(ylim=(-0.03, 1.03), ylabel=label)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    _save(figure, file)


def bars(named: Mapping[str, float], *, label: str, file: str, ours: str) -> None:
    """Draw one horizontal bar a method."""
    figure, axes = plt.subplots(figsize=(6.5, 0.3 * len(named) + 0.9))
    names = list(named)[::-1]
    shown = axes.barh(names, [named[n] for n in names], color=[_OURS if n == ours else "#9ca3af" for n in names])
    axes.bar_label(shown, fmt="{:.3g}", padding=3)
    axes.margins(x=0.12)  # room for the number beside the longest bar
    axes.set_xlabel(label)
    _save(figure, file)


def calibration(checks: Mapping[str, Sequence[Point]], *, scans: int, file: Path) -> None:
    """Draw promised rates of false alarms against observed ones, one line a check, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=(5.5, 4.2))
    for number, (name, points) in enumerate(checks.items()):
        # Beside each other, so that intervals at one promised rate can be told apart.
        promised = [p.promised * 1.04 ** (number - len(checks) / 2) for p in points]
        low = [p.observed - min(p.interval[0], p.observed) for p in points]
        high = [p.interval[1] - p.observed for p in points]
        drawn = [p.observed for p in points]
        color, mark = _GREYS[number + 1], _MARKS[number]
        axes.errorbar(promised, drawn, yerr=[low, high], color=color, marker=mark, ms=4, lw=1, capsize=2, label=name)
    told = [p.promised for points in checks.values() for p in points] or [0.01, 1.0]
    edge = [min(told), max(told)]
    axes.plot(edge, edge, color=_OURS, lw=2, ls="--", label="as promised; below it is cautious")
    axes.set(xscale="log", xlabel="false_alarm_rate promised", ylabel="groups seen, per innocent scan")
    axes.set_yscale("symlog", linthresh=1 / max(scans, 1))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=7)
    _save(figure, file)


def speed(named: Mapping[str, Sequence[tuple[int, float]]], *, file: str, ours: str) -> None:
    """Draw calls a second over the size of the log, one line a program."""
    figure, axes = plt.subplots(figsize=(6, 3.8))
    for number, (name, points) in enumerate(named.items()):
        color, width = (_OURS, 3) if name == ours else (_GREYS[number], 1.2)
        axes.plot(*zip(*points, strict=True), marker="o", ms=4, label=name, color=color, lw=width)
    axes.set(xscale="log", yscale="log", xlabel="calls in the log", ylabel="calls a second")
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(1.0, 0.3))
    _save(figure, file)


def costs(named: Mapping[str, float], *, label: str, file: str) -> None:
    """Draw one horizontal bar a piece of work on a logarithmic scale; those that end in ``ours`` stand out."""
    figure, axes = plt.subplots(figsize=(6.5, 0.3 * len(named) + 0.9))
    names = list(named)[::-1]
    colors = [_OURS if name.endswith("ours") else "#9ca3af" for name in names]
    shown = axes.barh(names, [named[n] for n in names], color=colors)
    axes.bar_label(shown, fmt="{:.3g}", padding=3)
    axes.set(xscale="log", xlabel=label)
    _save(figure, file)


def _save(figure: Figure, file: str | Path) -> None:
    FIGURES.mkdir(exist_ok=True)
    figure.savefig(FIGURES / file, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
