"""Which students are to be made: cells of defence and attacker, put together into pieces of one ensemble each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from stillwatch_lab.errors import LabSettingsError

Settings = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Cell:
    """One attacker against one defence: ``seeds`` students at each number of queries, trained for ``steps``."""

    defence: str
    attacker: str
    queries: tuple[int, ...]
    seeds: int
    steps: int = 550
    settings: Settings = ()
    """Of the defence, where they are not its defaults."""

    def __post_init__(self) -> None:
        if not self.queries or min(self.queries) < 1 or self.seeds < 1 or self.steps < 1:
            raise LabSettingsError(f"{self.defence}:{self.attacker}: queries, seeds and steps are whole numbers from 1")

    @property
    def students(self) -> int:
        """Count them."""
        return len(self.queries) * self.seeds


class Student(NamedTuple):
    """One student of a cell."""

    cell: Cell
    queries: int
    seed: int


@dataclass(frozen=True)
class Piece:
    """Cells whose students are trained as one ensemble: one file of results, some minutes of one core."""

    name: str
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        if len({cell.steps for cell in self.cells}) != 1:
            raise LabSettingsError(f"piece {self.name!r}: one ensemble is trained for one number of steps")

    @property
    def steps(self) -> int:
        """How long they are trained."""
        return self.cells[0].steps

    def students(self) -> Iterator[Student]:
        """Name every student, in the order of the ensemble's members."""
        for cell in self.cells:
            for queries in cell.queries:
                for seed in range(cell.seeds):
                    yield Student(cell, queries, seed)
