from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the bench lock is not installed (make .venv/.bench)")

from benchmarks import figures, tables
from benchmarks.metrics import Match
from benchmarks.tables import Outcome

OUTCOMES = [
    Outcome("a", "Ours", 1.0, 0.8, {"class": (0, 10), "human": (1, 90)}, 2.0, (Match("A", 1.0, 0.8, -0.05),)),
    Outcome("a", "Ours", 0.5, None, {"class": (0, 10)}, 4.0, (Match("A", 0.5, 0.0, None),)),
    Outcome("a", "Theirs", 0.0, None, {"class": (5, 10), "human": (0, 90)}, 1.0),
]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FIGURES", tmp_path)


def rows(text: str) -> list[list[str]]:
    return [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_unknown_purity_is_left_out_of_the_mean() -> None:
    assert rows(tables.compare(OUTCOMES, ["a"], ours="Ours"))[2:] == [
        ["**Ours**", "0.75 / 0.80", "3.00"],
        ["Theirs", "0.00 / –", "1.00"],  # noqa: RUF001  (the dash of the tables)
    ]


def test_innocents_are_counted_by_class_and_method() -> None:
    assert rows(tables.describe_innocents(OUTCOMES, ours="Ours"))[2:] == [
        ["class", "0/20", "5/10"],
        ["human", "1/90", "0/90"],
        ["**all**", "1 in 110", "1 in 20"],
    ]


def test_matches_show_the_error_of_the_volume() -> None:
    assert rows(tables.describe_matches(OUTCOMES))[2][-1] == "-5.0%"


def test_drawings_are_the_same_each_time(tmp_path: Path) -> None:
    drawn = []
    for _ in range(2):
        tables.draw(OUTCOMES, ["a"], ours="Ours", file="x", ticks=["a"])
        drawn.append((tmp_path / "x-recall.svg").read_bytes())
    assert drawn[0] == drawn[1]
