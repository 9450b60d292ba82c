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

COLOURS = ("#1f5b94", "#c4511f", "#3d8f5f", "#8a6100", "#7a4fa3")


def main(results: Path, picture: Path) -> None:
    """Draw found shares: by probes for the watermark, by kind of model for errors and canaries."""
    found = json.loads(results.read_text(encoding="utf-8"))
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2)
    _watermark(left, found["radioactivity"])
    _others(right, found)
    figure.savefig(picture, metadata={"Date": None})


def _watermark(axes: Any, found: dict[str, Any]) -> None:
    cells = {int(name.split()[-1]): cell for name, cell in found.items() if name.startswith("green list")}
    names = [name for name in next(iter(cells.values())) if name != "contexts" and not name.startswith("controls-")]
    for colour, name in zip(COLOURS, names, strict=False):
        at = sorted(cells)
        axes.plot(at, [cells[n][name]["at_alpha"] for n in at], marker="o", color=colour, label=name)
    innocent = [_mean(cells[n][c]["at_alpha"] for c in cells[n] if c.startswith("controls-")) for n in sorted(cells)]
    axes.plot(sorted(cells), innocent, marker="s", color="#555555", label="controls, any key")
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
    names = [name for name in found["shared_errors"] if not name.startswith("controls-")]
    kinds = [*names, "controls"]
    for offset, (label, cells) in enumerate(
        (
            ("errors, rank", {n: c["rank"] for n, c in found["shared_errors"].items()}),
            ("errors, sign test", {n: c["sign"] for n, c in found["shared_errors"].items()}),
            ("canaries", found["canaries"]),
        )
    ):
        values = [cells[n]["at_alpha"] for n in names]
        values.append(_mean(c["at_alpha"] for n, c in cells.items() if n.startswith("controls-")))
        axes.barh(
            [k + 0.25 * offset for k in range(len(kinds))], values, height=0.22, color=COLOURS[offset], label=label
        )
    axes.set_yticks([k + 0.25 for k in range(len(kinds))], kinds)
    axes.set(xlabel="share found, p ≤ 0.01", title="errors and canaries", xlim=(0, 1.03))
    axes.legend(frameon=False, fontsize=8)


def _mean(values: Any) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
