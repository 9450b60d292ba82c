"""Draw docs/lab-forensics.svg from the committed results.

python -m runs.forensics_figure results/forensics.json ../docs/lab-forensics.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from runs.sizes import SIZE

BELOW: dict[str, Any] = {"frameon": False, "fontsize": 8, "loc": "upper center", "bbox_to_anchor": (0.5, -0.12)}
APART = 1.06
"""Points of one place are drawn a little apart, so that their intervals can be told from each other."""
MOST, SOME, LEAST = SIZE.harvests
COLOURS = ("#1f5b94", "#c4511f", "#3d8f5f", "#8a6100", "#7a4fa3", "#1b8a8f", "#b03060", "#555555", "#9a9a2a")
NAMES = {
    f"marked-{MOST}": f"marked text, {MOST:,} queries",
    f"marked-{SOME}": f"marked text, {SOME:,} queries",
    f"marked-{LEAST}": f"marked text, {LEAST:,} queries",
    f"diluted-{MOST}": "marked text, half diluted",
    f"cleaned-{MOST}": "marked text, then clean training",
    f"paraphrased-{MOST}": "marked text, paraphrased",
    f"tournament-{MOST}": f"tournament mark, {MOST:,} queries",
    f"text-{MOST}": f"plain text, {MOST:,} queries",
    f"logits-{SOME}": f"log-probabilities, {SOME:,} queries",
    f"logits-{LEAST}": f"log-probabilities, {LEAST:,} queries",
    f"of-others-{MOST}": "students of other teachers",
}
"""What the groups of models are called in words, in the order of the picture."""


def main(results: Path, picture: Path) -> None:
    """Draw found shares: by probes for the watermark, by kind of model for errors and canaries."""
    found = json.loads(results.read_text(encoding="utf-8"))
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    figure = Figure(figsize=(13, 6.2), layout="constrained")
    FigureCanvasSVG(figure)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 0.8, 1.3))
    _watermark(left, found["radioactivity"])
    _queries(middle, found)
    _others(right, found)
    figure.savefig(picture, metadata={"Date": None})


def _watermark(axes: Any, found: dict[str, Any]) -> None:
    """Draw the marked groups under their own keys, each by its scheme, and all that never saw a mark."""
    cells = {int(name.split()[-1]): cell for name, cell in found.items() if name.startswith("green list")}
    at, drawn = sorted(cells), 0
    for colour, name in zip(COLOURS, (n for n in NAMES if "rise" in cells[at[0]].get(n, {})), strict=False):
        if name.startswith("tournament"):
            continue
        _points(axes, [cells[n][name] for n in at], at, color=colour, label=NAMES[name], place=drawn)
        drawn += 1
    tournament = next((cell for name, cell in found.items() if name.startswith("tournament")), {})
    if (name := f"tournament-{MOST}") in tournament:
        own = [tournament[name]]
        _points(axes, own, at[-1:], color="black", label=NAMES[name], place=drawn, marker="D")
    innocent = [cells[n]["all unmarked"]["at_alpha"] for n in at]
    axes.plot(at, innocent, marker="s", color="#999999", label="saw no mark, any key")
    axes.axhline(0.01, color="#999999", linestyle=":")
    axes.set(
        xscale="log",
        xlabel="prompts put to the suspect",
        ylabel="share found, p ≤ 0.01",
        title="watermark",
        ylim=(-0.03, 1.03),
    )
    axes.set_xticks(at, [f"{n:,}" for n in at])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(**BELOW)


def _points(axes: Any, cells: list[Any], at: list[int], *, place: int, marker: str = "o", **look: Any) -> None:
    """Draw shares with their intervals, moved a little to the right by their ``place`` among the lines."""
    shares = [cell["at_alpha"] for cell in cells]
    spread = [
        [max(0.0, share - cell["interval"][0]) for share, cell in zip(shares, cells, strict=True)],
        [max(0.0, cell["interval"][1] - share) for share, cell in zip(shares, cells, strict=True)],
    ]
    moved = [n * APART ** (place - 1) for n in at]
    axes.errorbar(moved, shares, yerr=spread, marker=marker, markersize=4, capsize=2, linewidth=1.2, **look)


def _queries(axes: Any, found: dict[str, Any]) -> None:
    """Draw what was found against the queries that a student was made of."""
    errors = {name: cell["rank"] for name, cell in found["shared_errors"].items()}
    lines = (
        ("marked", "watermark, 1,000 prompts", found["radioactivity"]["green list 1000"]),
        ("marked", "errors of students of marked text", errors),
        ("logits", "errors of students of log-probabilities", errors),
        ("marked", "canaries", found["canaries"]),
    )
    for place, (kind, label, cells) in enumerate(lines):
        at = sorted(int(name.split("-")[-1]) for name in cells if name.startswith(f"{kind}-"))
        chosen = [cells[f"{kind}-{n}"] for n in at]
        _points(axes, chosen, at, color=COLOURS[place], label=label, place=place)
    axes.axhline(0.01, color="#999999", linestyle=":")
    axes.set(xscale="log", xlabel="queries the student was made of", title="how much was harvested", ylim=(-0.03, 1.03))
    axes.set_xticks(SIZE.harvests, [f"{n:,}" for n in SIZE.harvests])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(**BELOW)


def _others(axes: Any, found: dict[str, Any]) -> None:
    names = [name for name in NAMES if name in found["shared_errors"]]
    kinds = [*(NAMES[name] for name in names), "independent models"]
    tests = (
        ("errors, rank", {n: c["rank"] for n, c in found["shared_errors"].items()}),
        ("errors, sign test", {n: c["sign"] for n, c in found["shared_errors"].items()}),
        ("canaries", found["canaries"]),
    )
    for offset, (label, cells) in enumerate(tests):
        values = [cells[n]["at_alpha"] for n in names]
        values.append(_mean(c["at_alpha"] for n, c in cells.items() if n.startswith("controls-")))
        places = [k + 0.25 * offset for k in range(len(kinds))]
        axes.barh(places, values, height=0.22, color=COLOURS[offset], label=label)
    axes.set_yticks([k + 0.25 for k in range(len(kinds))], kinds)
    axes.set(xlabel="share found, p ≤ 0.01", title="errors and canaries", xlim=(0, 1.03))
    axes.invert_yaxis()
    axes.legend(**BELOW, ncols=3)


def _mean(values: Any) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
