"""The large sizes: the numbers they were planned with; every step is of them, in pieces, apart from the small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import sizes
from runs.__main__ import main
from runs.sizes import LARGE, Body
from runs.steps import LAB, RESULTS, find_steps

from stillwatch_lab.ensemble.decoders import Shape
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.world.questions import MIXTURE
from stillwatch_lab.world.world import World

PLACES_OF_A_ROW = 40
"""Words of a question drawn at random and its answer in the large world, about."""


def weights(body: Body) -> int:
    return Shape(137, 79, body.width, body.layers, body.heads).weights


def test_the_large_sizes_are_those_that_were_worked_out_for_one_gpu() -> None:
    """The design's figures: P = 53, chains to 8, 25 million weights, students of 1 to 6 million, and so on."""
    assert (LARGE.modulus, LARGE.longest) == (53, 8)
    assert (LARGE.teacher.width, LARGE.teacher.layers) == (512, 8)
    assert 24e6 < weights(LARGE.teacher) < 26e6
    assert 1e6 <= weights(LARGE.student) <= 6e6
    assert (min(LARGE.queries), max(LARGE.queries)) == (256, 16_384)
    assert (min(LARGE.harvests), max(LARGE.harvests)) == (256, 16_384)
    assert LARGE.seeds >= 5
    assert min(LARGE.fewer_seeds, LARGE.few_students) >= 5
    assert 15 <= LARGE.students <= 40
    assert LARGE.controls >= 99
    assert LARGE.piece_seconds == 600


def test_the_large_steps_are_the_visits_and_the_tokens_that_were_worked_out() -> None:
    facts = len(World(modulus=LARGE.modulus, longest=LARGE.longest).facts)
    steps_a_row = MIXTURE["chain"] * (1 + LARGE.longest) / 2
    assert LARGE.teaching.steps * LARGE.teaching.rows * steps_a_row / facts >= 400
    assert 20e6 <= LARGE.learning.steps * LARGE.learning.rows * PLACES_OF_A_ROW <= 60e6


def test_no_other_sizes_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sizes.VARIABLE, "huge")
    with pytest.raises(LabSettingsError, match="huge: no such sizes; there are small, large"):
        sizes.chosen()


SEEN = """
import json, sys, torch
from pathlib import Path
from runs import curves_models, forensics_models, inside_results, power_models, sized_world, steps
from runs.forensics_figure import NAMES
every = steps.find_steps(Path("/work"))
print(json.dumps({
    "shapes": [[s.width, s.layers] for s in (sized_world.TEACHER_SHAPE, sized_world.SHAPE)],
    "world": [sized_world.WORLD.modulus, sized_world.WORLD.longest, curves_models.ANOTHER.longest],
    "steps": sorted({c.steps for p in curves_models.pieces() + curves_models.another_pieces() for c in p.cells}),
    "queries": sorted({q for p in curves_models.pieces() for c in p.cells for q in c.queries}),
    "seeds": sorted({c.seeds for p in curves_models.pieces() for c in p.cells}),
    "students": [max(len(list(p.students())) for p in curves_models.pieces()),
                 max(len(r) for r in power_models.BATCHES.values())],
    "kinds": {name: kind.count for name, kind in forensics_models.kinds().items()},
    "tools": [c.defence + " " + c.attacker for p in curves_models.pieces() for c in p.cells],
    "neighbours": inside_results.NEIGHBOURS,
    "named": list(NAMES),
    "planned": {s.name: s.plan.seconds for s in every},
    "does": {s.name: s.plan.does for s in every},
    "needs": {s.name: s.needs for s in every},
    "published": [str(s.published) for s in every if s.published],
}))
"""


@pytest.fixture(scope="module")
def large() -> dict[str, Any]:
    """See the steps as they are where the large sizes are chosen, in a process of its own."""
    found: dict[str, Any] = json.loads(run_large(SEEN))
    return found


def run_large(program: str, *arguments: str) -> str:
    environment = {**os.environ, sizes.VARIABLE: "large"}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=False, cwd=LAB, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_step_is_of_the_chosen_size(large: dict[str, Any]) -> None:
    assert large["shapes"] == [[512, 8], [256, 6]]
    assert large["world"] == [53, 8, 8]
    assert large["steps"] == sorted({*LARGE.short, LARGE.learning.steps, 2 * LARGE.learning.steps})
    assert large["queries"] == sorted({*LARGE.queries, *LARGE.few_queries})
    assert large["seeds"] == [LARGE.seeds]
    assert large["students"] == [LARGE.at_once] * 2
    assert large["neighbours"] == LARGE.neighbours
    counts = {int(name.rpartition("-")[2]) for name in large["kinds"] if not name.startswith("controls-")}
    assert counts == set(LARGE.harvests)
    assert set(large["named"]) <= set(large["kinds"]), "the picture names groups that there are"
    of_controls = [count for name, count in large["kinds"].items() if name.startswith("controls-")]
    assert sum(of_controls) == LARGE.controls
    assert not [tool for tool in large["tools"] if "antidistillation" in tool or "inversion" in tool]


def test_every_large_piece_says_what_it_does_and_is_planned_for_ten_minutes(large: dict[str, Any]) -> None:
    assert not [name for name, does in large["does"].items() if not does]
    assert not [name for name, seconds in large["planned"].items() if seconds is None or seconds > LARGE.piece_seconds]
    assert not {need for needs in large["needs"].values() for need in needs} - set(large["needs"])
    assert large["needs"]["forensics/marked-16384"] == [f"forensics/parts/marked-16384-{i}" for i in range(4)]


def test_large_results_and_pictures_lie_apart_from_the_committed_ones(large: dict[str, Any]) -> None:
    apart = RESULTS / "large"
    assert large["published"]
    assert not [path for path in large["published"] if apart not in Path(path).parents]
    small = {step.published for step in find_steps(Path("/work"))}
    assert not small & {Path(path) for path in large["published"]}


def test_a_folder_of_one_size_takes_no_work_of_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sizes.txt").write_text("large\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--only", "curves/teacher"])
    assert "holds work of the large sizes" in capsys.readouterr().err


def test_a_gpu_gets_the_large_sizes_and_a_cpu_the_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr("runs.__main__._again", lambda name, _arguments: asked.append(name) or 0)
    main([str(tmp_path), "--dry-run", "--device", "cuda"])
    assert asked == ["large"]
    main([str(tmp_path), "--dry-run", "--device", "cuda", "--sizes", "small"])
    main([str(tmp_path), "--dry-run"])
    assert asked == ["large"]


def test_a_dry_run_lists_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--dry-run", "--only", "curves/none-text"]) == 0
    said = capsys.readouterr().out
    assert "curves/none-text: 5 of none : text, 250 and 500 and 1,000 and 2,000 queries; 550 steps" in said
    assert not list(tmp_path.iterdir()), "it makes nothing"


BROKEN_OFF = """
import json, sys
from dataclasses import replace
from pathlib import Path
from runs import sizes
few = replace(sizes.LARGE.teaching, steps=3, rows=2)
sizes.SIZE = replace(sizes.LARGE, teaching=few, good_lessons=8, piece_seconds=0.0)
from runs import curves_models, parts
out = Path(sys.argv[1])
told = {}
try:
    curves_models.main(out, ["teacher"])
except SystemExit as ended:
    told["exit"] = ended.code
told["kept"] = sorted(str(p.relative_to(out)) for p in out.rglob("*.pt"))
told["there"] = (out / curves_models.TEACHER).exists()
parts.SIZE = replace(sizes.SIZE, piece_seconds=600.0)
curves_models.main(out, ["teacher"])
from stillwatch_lab.ensemble.files import read_ensemble
told["weights"] = read_ensemble(out / curves_models.TEACHER).shape.weights
told["left"] = sorted(p.name for p in out.iterdir())
print(json.dumps(told))
"""


def test_a_large_piece_starts_breaks_off_and_goes_on(tmp_path: Path) -> None:
    """The teacher at its whole size, three steps of two rows on CPU."""
    told = json.loads(run_large(BROKEN_OFF, str(tmp_path)).splitlines()[-1])
    assert told["exit"] == 75
    assert told["kept"] == ["teacher.training/train-0.pt"]
    assert not told["there"]
    assert 24e6 < told["weights"] < 26e6
    assert told["left"] == ["teacher.safetensors"]
