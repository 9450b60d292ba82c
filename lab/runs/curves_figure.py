"""Draw docs/lab-curves.svg from the committed results.

python -m runs.curves_figure results/curves.json ../docs/lab-curves.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from runs.sized_world import WORLD
from stillwatch_lab.curves.figure import write_figure


def main(results: Path, picture: Path) -> None:
    """Draw."""
    write_figure(json.loads(results.read_text(encoding="utf-8")), WORLD, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
