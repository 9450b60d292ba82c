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

COLOURS = ("#1f5b94", "#c4511f", "#3d8f5f", "#8a6100", "#7a4fa3", "#1b8a8f", "#b03060", "#555555", "#9a9a2a")
NAMES = {
    "marked-4000": "marked text, 4,000 queries",
    "marked-1000": "marked text, 1,000 queries",
    "marked-250": "marked text, 250 queries",
    "diluted-4000": "marked text, half diluted",
    "cleaned-4000": "marked text, then clean training",
    "paraphrased-4000": "marked text, paraphrased",
    "tournament-4000": "tournament mark, 4,000 queries",
    "text-4000": "plain text, 4,000 queries",
    "logits-1000": "log-probabilities, 1,000 queries",
    "logits-250": "log-probabilities, 250 queries",
    "of-others-4000": "students of other teachers",
}
"""What the groups of models are called in words, in the order of the picture."""


def main(results: Path, picture: Path) -> None:
    """Draw found shares: by probes for the watermark, by kind of model for errors and canaries."""
    found = json.loads(results.read_text(encoding="utf-8"))
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    figure = Figure(figsize=(10, 5), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2)
    _watermark(left, found["radioactivity"])
    _others(right, found)
    figure.savefig(picture, metadata={"Date": None})


def _watermark(axes: Any, found: dict[str, Any]) -> None:
    """Draw the marked groups under their own keys, each by its scheme, and all that never saw a mark."""
    cells = {int(name.split()[-1]): cell for name, cell in found.items() if name.startswith("green list")}
    at = sorted(cells)
    for colour, name in zip(COLOURS, (n for n in NAMES if "rise" in cells[at[0]].get(n, {})), strict=False):
        if name.startswith("tournament"):
            continue
        axes.plot(at, [cells[n][name]["at_alpha"] for n in at], marker="o", color=colour, label=NAMES[name])
    tournament = next((cell for name, cell in found.items() if name.startswith("tournament")), {})
    if "tournament-4000" in tournament:
        share = tournament["tournament-4000"]["at_alpha"]
        axes.plot(at[-1:], [share], marker="D", color="black", linestyle="", label=NAMES["tournament-4000"])
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
    axes.legend(frameon=False, fontsize=8)


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
    axes.legend(frameon=False, fontsize=8)


def _mean(values: Any) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
