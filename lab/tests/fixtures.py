"""The small models that ship with the lab, and the maker of their teacher."""

from __future__ import annotations

from pathlib import Path

from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.world import World

FOLDER = Path(__file__).parents[1] / "fixtures"
TEACHER, INDEPENDENT, OTHER = FOLDER / "teacher", FOLDER / "independent", FOLDER / "other-independent"
STUDENT, CARELESS = FOLDER / "student", FOLDER / "careless-student"
WORLD = World(modulus=5, longest=2, seed=0, secret=0)
MAKER = Maker(WORLD, seed=0, gaps=0.2, canaries=True)
