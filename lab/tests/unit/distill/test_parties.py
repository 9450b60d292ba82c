"""Who teaches whom, and what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch_lab.distill.parties import FOLDER_RATE, SCRATCH_RATE, Parties, open_student, open_teacher, permit
from stillwatch_lab.distill.run import distill
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import LabError, LabSettingsError, ModelError
from stillwatch_lab.models.folders import new_model, write_model
from stillwatch_lab.models.tokenizers import byte_tokenizer

SETTINGS = DistillSettings()
SERVED = Parties(teacher="http://127.0.0.1:1/v1", model="m", student="tiny-llama", own="ours")


def test_a_server_needs_the_models_name() -> None:
    with pytest.raises(LabSettingsError, match="--model"):
        permit(replace(SERVED, model=None))


def test_a_key_that_is_not_there_is_missed_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_KEY", raising=False)
    with pytest.raises(LabSettingsError, match="no LAB_KEY"):
        open_teacher(replace(SERVED, key_variable="LAB_KEY"), SETTINGS)
    monkeypatch.setenv("LAB_KEY", "secret")
    teacher = open_teacher(replace(SERVED, key_variable="LAB_KEY"), SETTINGS)
    assert "secret" not in repr(vars(teacher))


def test_a_new_student_takes_bytes_where_nobody_knows_the_teachers_tokens() -> None:
    student, rate = open_student(SERVED, SETTINGS, open_teacher(SERVED, SETTINGS))
    assert student.tokenizer.get_vocab() == byte_tokenizer().get_vocab()
    assert rate == SCRATCH_RATE


def test_a_student_that_exists_is_trained_gently(tmp_path: Path) -> None:
    write_model(new_model("tiny-llama", byte_tokenizer(), seed=1), tmp_path)
    parties = replace(SERVED, student=str(tmp_path))
    teacher = open_teacher(parties, SETTINGS)
    assert open_student(parties, SETTINGS, teacher)[1] == FOLDER_RATE
    assert open_student(parties, replace(SETTINGS, learning_rate=1e-4), teacher)[1] == 1e-4


def test_a_teacher_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        open_teacher(Parties(teacher=str(tmp_path), student="tiny-llama"), replace(SETTINGS, method=Method.LOGITS))


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ({"student": "tiny-lama"}, "tiny-lama: neither"),
        ({"prompts": "promts.txt"}, r"promts\.txt: no such file"),
        ({"device": "vulkan:0"}, "device 'vulkan:0'"),
        ({"teacher": "teecher"}, "teecher: not a model folder"),
    ],
)
def test_a_slip_of_the_pen_does_not_take_the_folder(
    adder_folder: Path, prompts: Path, tmp_path: Path, slip: dict[str, str], says: str
) -> None:
    out = tmp_path / "student"
    parties = Parties(teacher=slip.get("teacher", str(adder_folder)), student=slip.get("student", "tiny-llama"))
    settings = DistillSettings(steps=1, device=slip.get("device", "cpu"))
    with pytest.raises(LabError, match=says):
        distill(parties, tmp_path / slip["prompts"] if "prompts" in slip else prompts, out, settings)
    assert not out.exists()
