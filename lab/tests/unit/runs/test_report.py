"""The report as a whole: what is there is not made again, and what failed stops only what needs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs.__main__ import main, publish, run
from runs.steps import CPU, LAB, PAGES, RESULTS, Step, find_steps

WRITE = "from pathlib import Path; import sys; Path(sys.argv[1]).write_text(sys.argv[2])"


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a module that writes its second argument into its first."""
    (tmp_path / "writes_it.py").write_text(WRITE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "writes_it"


def test_steps_are_made_in_the_order_of_their_needs(writer: str, tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("a", "b")]
    steps = [
        Step("b", (writer, str(made[1]), "b"), made[1], ("a",)),
        Step("a", (writer, str(made[0]), "a"), made[0]),
    ]
    assert run(steps, processes=2, device="cpu") == []
    assert made[0].stat().st_mtime_ns < made[1].stat().st_mtime_ns


def test_what_a_step_took_of_a_processor_is_kept(writer: str, tmp_path: Path) -> None:
    costs = tmp_path / "work" / CPU
    made = tmp_path / "a"
    run([Step("a", (writer, str(made), "x"), made), Step("b", ("no_such_module",), tmp_path / "b")],
        processes=2, device="cpu", costs=costs)  # fmt: skip
    run([Step("c", (writer, str(made) + "c", "x"), tmp_path / "ac")], processes=1, device="cpu", costs=costs)
    kept = json.loads(costs.read_text(encoding="utf-8"))
    assert set(kept) == {"a", "c"}, "what failed cost nothing that counts"
    assert all(seconds > 0 for seconds in kept.values())


def test_steps_may_be_made_alone(writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {name: tmp_path / name for name in "ab"}
    steps = [Step(name, (writer, str(path), name), path) for name, path in made.items()]
    monkeypatch.setattr("runs.__main__.find_steps", lambda _work: steps)
    assert main([str(tmp_path), "--only", "b"]) == 0
    assert made["b"].exists()
    assert not made["a"].exists()
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--only", "c"])


def test_what_is_there_is_kept(writer: str, tmp_path: Path) -> None:
    made = tmp_path / "a"
    made.write_text("first", encoding="utf-8")
    assert run([Step("a", (writer, str(made), "second"), made)], processes=1, device="cpu") == []
    assert made.read_text(encoding="utf-8") == "first"


def test_a_failure_stops_only_what_needs_it(writer: str, tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("a", "b", "c")]
    steps = [
        Step("a", ("no_such_module",), made[0]),
        Step("b", (writer, str(made[1]), "b"), made[1], ("a",)),
        Step("c", (writer, str(made[2]), "c"), made[2]),
    ]
    assert run(steps, processes=2, device="cpu") == ["a", "b"]
    assert made[2].exists()


def test_results_are_published_where_they_are_made(tmp_path: Path) -> None:
    made, published = tmp_path / "made", tmp_path / "published"
    made.write_text("x", encoding="utf-8")
    publish([Step("a", (), made, (), published), Step("b", (), tmp_path / "none", (), tmp_path / "not")])
    assert published.read_text(encoding="utf-8") == "x"
    assert not (tmp_path / "not").exists()


def test_lists_its_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--list"]) == 0
    said = capsys.readouterr().out
    assert "missing  forensics/teacher" in said
    assert "missing  docs.json" in said


def test_every_need_is_a_step_and_every_result_and_picture_has_one() -> None:
    steps = find_steps(Path("work"))
    names = {step.name for step in steps}
    assert len(names) == len(steps)
    assert not {need for step in steps for need in step.needs} - names
    published = {step.published for step in steps if step.published}
    assert not set(RESULTS.glob("*.json")) - published - {RESULTS / CPU}
    assert not set(PAGES.glob("lab*.svg")) - published
    assert not [step for step in steps if not (LAB / (step.command[0].replace(".", "/") + ".py")).exists()]
