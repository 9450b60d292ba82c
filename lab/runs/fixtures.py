"""Write the small models that ship with the lab from the forensics run's ensembles, as Hugging Face folders.

    python -m runs.forensics_models OUT && python -m runs.fixtures OUT

The teacher, two independent models, and a student of the teacher's log-probabilities, as far as they are trained.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runs.small_world import WORLD
from stillwatch_lab.ensemble.export import write_folder
from stillwatch_lab.ensemble.files import read_ensemble

FIXTURES = Path(__file__).parents[1] / "fixtures"
WANTED = {
    "teacher": ("teacher", 0),
    "independent": ("controls-0", 0),
    "other-independent": ("controls-0", 1),
    "student": ("logits-1000", 0),
}


def main(out: Path) -> None:
    """Write the folders."""
    for name, (piece, member) in WANTED.items():
        path = out / f"{piece}.safetensors"
        if path.exists():
            write_folder(read_ensemble(path), WORLD.vocabulary.words, FIXTURES / name, member=member)
            print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
