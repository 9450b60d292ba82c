"""Make every committed result anew: python -m runs [WORK]. May be stopped at any time and goes on where it was.

WORK (default: work/) keeps trained models and answers; results/ and ../docs get the numbers and pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runs import forensics_figure, forensics_models, forensics_results

LAB = Path(__file__).parents[1]


def main(work: Path) -> None:
    """Train, judge, draw."""
    results = LAB / "results" / "forensics.json"
    forensics_models.main(work / "forensics", [])
    forensics_results.main(work / "forensics", results)
    forensics_figure.main(results, LAB.parent / "docs" / "lab-forensics.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else LAB / "work")
