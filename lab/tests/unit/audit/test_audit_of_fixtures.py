from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures import CARELESS, INDEPENDENT, STUDENT, TEACHER, WORLD
from stillwatch_lab.audit.audit import AuditSettings, find_audit
from stillwatch_lab.audit.chainworld import make_audit_set
from stillwatch_lab.audit.sets import write_audit_set
from stillwatch_lab.cli.main import app, load_commands
from stillwatch_lab.respondents.folder import FolderRespondent

load_commands("audit")
ASKED = make_audit_set(WORLD, seed=1, count=60)
SETTINGS = AuditSettings(draws=100, scored=30, max_tokens=64)


def test_a_student_inherits_errors_that_an_independent_model_does_not_have() -> None:
    found = find_audit(
        FolderRespondent(TEACHER),
        FolderRespondent(STUDENT),
        ASKED,
        SETTINGS,
        others=[FolderRespondent(INDEPENDENT)],
    )
    assert found.inheritance is not None
    assert found.inheritance.same_wrong.value > 0.6
    assert found.inheritance.by_others["independent"].value < 0.3
    assert found.fidelity is not None
    assert found.fidelity.top_1 > 0.8
    assert found.bias is not None
    assert found.bias.teacher_sampled.value == pytest.approx(0.7, abs=0.2)


def test_a_student_without_refusals_lost_the_safeguard_and_nothing_else_shows_it() -> None:
    found = find_audit(FolderRespondent(TEACHER), FolderRespondent(CARELESS), ASKED, SETTINGS)
    assert found.teacher_refusals is not None
    assert found.student_refusals is not None
    assert found.inheritance is not None
    assert found.teacher_refusals.kept.value == 1.0
    assert found.student_refusals.kept.value == 0.0
    assert found.inheritance.student_right.value > 0.5


def test_a_model_has_everything_of_itself() -> None:
    found = find_audit(FolderRespondent(TEACHER), FolderRespondent(TEACHER), ASKED, SETTINGS)
    assert found.inheritance is not None
    assert found.inheritance.agreement.value == 1.0
    assert found.inheritance.same_wrong.value == 1.0
    assert found.bias is not None
    assert found.bias.amplification == 1.0
    assert found.fidelity is not None
    assert found.fidelity.divergence == pytest.approx(0.0, abs=1e-9)


def test_the_command_writes_a_page_with_pictures(tmp_path: Path) -> None:
    write_audit_set(ASKED, tmp_path / "asked")
    arguments = [
        "audit",
        str(TEACHER),
        str(CARELESS),
        "--questions",
        str(tmp_path / "asked"),
        "-o",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(app, [*arguments, "--draws", "20", "--independent", str(INDEPENDENT)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "Safeguards" in page
    assert json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["student"] == "careless-student"
