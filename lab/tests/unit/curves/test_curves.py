from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fixtures import TEACHER, WORLD
from stillwatch_lab.curves.anchors import read_harvests, read_ratios
from stillwatch_lab.curves.estimates import (
    accuracy_at,
    ceiling,
    difference,
    mean_over_seeds,
    queries_to,
    quotient,
    steps_per_query,
    unit,
)
from stillwatch_lab.curves.figure import write_figure
from stillwatch_lab.curves.grid import Cell, Piece
from stillwatch_lab.curves.pieces import Setting, run_pieces
from stillwatch_lab.curves.summary import CellResults, Side, contrast, read_cells, summarise
from stillwatch_lab.ensemble.export import from_hugging_face
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.errors import LabSettingsError, RunError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.world.lessons import Maker

CURVE = {100: [0.2, 0.2], 1000: [0.4, 0.4], 10_000: [0.9, 0.9]}


def test_the_interval_over_seeds_is_students() -> None:
    found = mean_over_seeds([0.4, 0.5, 0.6])
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5 - 4.303 * 0.1 / math.sqrt(3), abs=1e-3)
    assert mean_over_seeds([0.4]).low is None


def test_a_difference_is_welchs_with_the_fewer_degrees_of_freedom() -> None:
    found = difference([0.4, 0.5, 0.6], [0.1, 0.1, 0.4])
    # Variances of the means 0.01 / 3 and 0.03 / 3; t of two degrees of freedom is 4.303.
    half = 4.303 * math.sqrt(0.04 / 3)
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.3 - half, 0.3 + half), abs=1e-3)
    assert difference([0.5], [0.4, 0.5]).low is None


def test_a_quotient_of_certain_means_is_certain() -> None:
    found = quotient([0.3, 0.3], [0.6, 0.6])
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    spread = quotient([0.2, 0.4], [0.6, 0.6])
    assert spread.low == pytest.approx(1 / 3)
    assert spread.high == pytest.approx(2 / 3)
    assert quotient([0.3], [0.0]).value is None


def test_sides_of_a_contrast_are_found_by_cell_queries_and_steps() -> None:
    cells = [
        CellResults("none", {}, "text", steps, [{"queries": 9, "chains_right": right + 0.1 * i} for i in range(2)])
        for steps, right in ((550, 0.2), (550, 0.2), (1100, 0.6))
    ]
    cells[1].attacker = "logprobs"
    found = contrast(cells, Side("none : text", 9, 1100), Side("none : text", 9))
    assert found is not None
    assert found["value"] == pytest.approx(0.4)
    assert contrast(cells, Side("none : text", 9), Side("none : text", 8)) is None


def test_queries_to_a_share_are_read_on_the_logarithm() -> None:
    half = queries_to(CURVE, 0.5, teacher=1.0)
    assert half.value == pytest.approx(10 ** (3 + 0.1 / 0.5), rel=1e-3)
    assert half.low == half.high == half.value, "equal seeds leave nothing to redraw"


def test_what_was_not_measured_is_not_said() -> None:
    assert queries_to(CURVE, 0.95, teacher=1.0).value is None
    assert queries_to(CURVE, 0.1, teacher=1.0).value is None


def test_seeds_that_differ_widen_the_interval() -> None:
    found = queries_to({100: [0.1, 0.4], 1000: [0.6, 0.9]}, 0.5, teacher=1.0)
    assert found.low is not None
    assert found.high is not None
    assert found.value is not None
    assert found.low < found.value < found.high


def test_the_ceiling_is_what_a_table_learner_knows() -> None:
    asked = 150
    told = Maker(WORLD, seed=1).lessons(4_000, seed="told")
    shown = sum(len(one.reasoning) // 7 for one in told) / len(told)
    # A maker that is no canaries' owner asks other things a little less: its lessons have no emblems (7 %).
    assert steps_per_query(WORLD) == pytest.approx(shown * 0.93, abs=0.03)
    known = 1 - math.exp(-steps_per_query(WORLD) * asked / 100)
    assert ceiling(WORLD, asked) == pytest.approx((known + known**2) / 2 * 0.8 + 0.2, abs=1e-9)
    assert ceiling(WORLD, 0) == pytest.approx(0.2)
    assert unit(WORLD) == pytest.approx(119.05, abs=0.01)


def test_a_curve_is_read_between_its_points_and_from_chance() -> None:
    assert accuracy_at(CURVE, 1, chance=0.2) == 0.2
    assert accuracy_at(CURVE, math.sqrt(1000 * 10_000), chance=0.2) == pytest.approx(0.65)
    assert accuracy_at(CURVE, 10**9, chance=0.2) == 0.9


def test_published_ratios_are_those_of_their_sources() -> None:
    for ratio in read_ratios():
        numbers = [
            float(word.strip(",")) for word in ratio.source.split() if word.strip(",").replace(".", "", 1).isdigit()
        ]
        assert ratio.published == pytest.approx(numbers[-2] / numbers[-1], abs=0.01), ratio.source
    assert read_harvests()["s1"] == 1000


@pytest.fixture(scope="module")
def setting() -> Setting:
    teacher = from_hugging_face(read_model(TEACHER).model.float())
    return Setting(WORLD, teacher, teacher.shape, Recipe(rows=4, rate=1e-2))


PIECE = Piece("two", (Cell("none", "text", (8, 16), 2, steps=4), Cell("reasoning-hidden", "text", (16,), 2, steps=4)))


def test_a_piece_is_made_once_and_drawn(setting: Setting, tmp_path: Path) -> None:
    run_pieces([PIECE], setting, tmp_path / "pieces")
    before = (tmp_path / "pieces" / "two.json").read_bytes()
    run_pieces([PIECE], setting, tmp_path / "pieces")
    assert (tmp_path / "pieces" / "two.json").read_bytes() == before
    cells = read_cells(tmp_path / "pieces")
    assert [c.curve().keys() for c in cells] == [{8: 0, 16: 0}.keys(), {16: 0}.keys()]
    table = summarise(cells, WORLD, teacher=1.0)
    assert all(ratio["queries"] == 16 for ratio in table["ratios"])
    write_figure(table, WORLD, tmp_path / "curves.svg")
    first = (tmp_path / "curves.svg").read_bytes()
    write_figure(table, WORLD, tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_bytes() == first


def test_the_same_piece_gives_the_same_students(setting: Setting, tmp_path: Path) -> None:
    run_pieces([PIECE], setting, tmp_path / "one")
    run_pieces([PIECE], setting, tmp_path / "other")
    one, other = (json.loads((tmp_path / name / "two.json").read_text()) for name in ("one", "other"))
    assert [_without_time(s) for s in one["students"]] == [_without_time(s) for s in other["students"]]


def test_a_file_of_another_piece_is_refused(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "two.json").write_text('{"cells": []}')
    with pytest.raises(RunError, match="holds other cells"):
        run_pieces([PIECE], setting, tmp_path)


def test_an_empty_folder_has_no_curves(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no pieces there yet"):
        read_cells(tmp_path)


def test_one_ensemble_has_one_number_of_steps() -> None:
    with pytest.raises(LabSettingsError, match="one number of steps"):
        Piece("mixed", (Cell("none", "text", (8,), 1, steps=1), Cell("none", "text", (8,), 1, steps=2)))


def _without_time(student: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in student.items() if name != "cpu_seconds"}
