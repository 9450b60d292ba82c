"""Draw docs/lab-harvest.svg from the committed results.

python -m runs.harvest_figure results/harvest.json ../docs/lab-harvest.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

LOOKS = {
    "unwatched": ("#777777", "--", "limits alone"),
    "example": ("#1f5b94", "-", "examples/rules.toml"),
    "suspending": ("#c4511f", (0, (4, 3)), "suspends from 6 bits"),
}
DAYS = (1, 4, 7, 10, 14)


def main(results: Path, picture: Path) -> None:
    """Draw one panel a step, and one of keys."""
    table: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    joined, keys = table["harvests"], table["many_keys"]
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    steps = sorted({one["step"] for one in joined})
    figure = Figure(figsize=(3.2 * (len(steps) + 1), 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(1, len(steps) + 1, sharey=True)
    first = joined[0]["seed"]
    for axes, step in zip(panels, steps, strict=False):
        for one in (o for o in joined if o["step"] == step):
            colour, line, host = LOOKS[one["host"]]
            days = [d["day"] + 1 for d in one["days"]]
            label = host if one["seed"] == first else None
            axes.plot(
                days, [d["student"] for d in one["days"]], color=colour, linestyle=line, linewidth=1.2, label=label
            )
            if one["found_on_day"] is not None and one["host"] != "unwatched":
                at = one["found_on_day"]
                axes.plot(at + 1, one["days"][at]["student"], marker="o", color=colour)
        axes.axhline(table["teacher_right"], color="#cccccc", linestyle=":")
        axes.set(xlabel="day (dot: found; a line a seed)", title=f"evasion step {step}", ylim=(0, 1.04), xticks=DAYS)
    panels[0].set_ylabel("chains right, student in hand")
    panels[0].legend(frameon=False, fontsize=8)
    for name, row in keys["rows"].items():
        panels[-1].plot(range(1, len(row["students"]) + 1), row["students"], label=name)
    panels[-1].set(xlabel="day", title=f"{keys['answers_a_key_and_day']} answers a key and day")
    panels[-1].legend(frameon=False, fontsize=6.5)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
