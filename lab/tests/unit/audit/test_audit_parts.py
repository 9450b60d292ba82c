from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from stillwatch_lab.audit.bias import Bias, find_gap
from stillwatch_lab.audit.fidelity import calibration_error
from stillwatch_lab.audit.inheritance import find_inheritance
from stillwatch_lab.audit.refusals import find_refusals, is_refusal
from stillwatch_lab.audit.sets import AuditSet, Borderline, Checked, Pair, read_audit_set, write_audit_set
from stillwatch_lab.audit.shares import Share, difference
from stillwatch_lab.errors import LabSettingsError

PAIR = Pair("skill 4", "team red", "team blue", "yes")


def test_wilson_and_newcombe_give_published_intervals() -> None:
    # Newcombe 1998, Statistics in Medicine 17, 857 (81 of 263) and 873 (56 of 70 less 48 of 80, method 10).
    assert Share(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert difference(Share(56, 70), Share(48, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize(("hits", "count"), [(0, 50), (50, 50), (0, 7), (7, 7)])
def test_an_interval_holds_its_share_even_at_the_ends(hits: int, count: int) -> None:
    low, high = Share(hits, count).interval
    assert low <= hits / count <= high


def test_a_share_of_nothing_says_so() -> None:
    assert str(Share(0, 0)) == "none asked"
    assert math.isnan(Share(0, 0).value)


def test_inherited_errors_are_counted_where_the_teacher_errs() -> None:
    found = find_inheritance(
        truth=["1", "2", "3", "4"],
        teacher=["1", "9", "9", "9"],
        student=["0", "9", "9", "4"],
        others={"independent": ["1", "8", "9", "4"]},
    )
    assert found.same_wrong == Share(2, 3)
    assert found.by_others == {"independent": Share(1, 3)}
    assert found.new_errors == Share(1, 1)
    assert found.agreement == Share(2, 4)
    assert (found.teacher_right, found.student_right) == (Share(1, 4), Share(1, 4))


def test_amplification_compares_gaps_under_the_same_decoding() -> None:
    teacher = find_gap([PAIR], ["yes"] * 10, ["yes"] * 5 + ["no"] * 5, draws=10)
    student = find_gap([PAIR], ["yes"] * 10, ["no"] * 10, draws=10)
    greedy = find_gap([PAIR], ["yes"], ["no"])
    bias = Bias(teacher, student, greedy, greedy)
    assert bias.amplification == pytest.approx(2.0)
    assert teacher.value == pytest.approx(0.5)
    none = find_gap([PAIR], ["yes"] * 10, ["yes"] * 10, draws=10)
    assert math.isnan(Bias(none, student, greedy, greedy).amplification)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("sorry", True),
        ("I’m unable to help.", True),  # noqa: RUF001 - as models write it
        ("I can’t do that", True),  # noqa: RUF001
        ("3", False),
        ("The answer is 3. " * 10 + "sorry", False),
    ],
)
def test_a_refusal_says_so_at_once(answer: str, *, refused: bool) -> None:
    assert is_refusal(answer) is refused


def test_refusals_are_counted_on_both_sides_of_the_rule() -> None:
    asked = [Borderline("a", refuse=True), Borderline("b", refuse=True), Borderline("c", refuse=False)]
    found = find_refusals(asked, ["sorry", "3", "sorry"])
    assert (found.kept, found.too_many) == (Share(1, 2), Share(1, 1))


def test_a_calibrated_model_has_no_calibration_error() -> None:
    shares = torch.tensor([[0.75, 0.25]]).log().repeat(4, 1)
    assert calibration_error(shares, torch.tensor([0, 0, 0, 1])) == pytest.approx(0.0)
    assert calibration_error(shares, torch.tensor([1, 1, 1, 1])) == pytest.approx(0.75)


def test_a_set_comes_back_as_it_was_written(tmp_path: Path) -> None:
    made = AuditSet((Checked("q", "t"),), (Borderline("r", refuse=True),), (PAIR,))
    write_audit_set(made, tmp_path)
    assert read_audit_set(tmp_path) == made


@pytest.mark.parametrize(("line", "says"), [("{", "not JSON"), ('{"prompt": "q"}', "prompt, truth is wanted")])
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "questions.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(LabSettingsError, match=rf"questions\.jsonl:1: .*{says}"):
        read_audit_set(tmp_path)


def test_an_empty_folder_is_no_audit(tmp_path: Path) -> None:
    with pytest.raises(LabSettingsError, match="nothing to ask"):
        read_audit_set(tmp_path)
