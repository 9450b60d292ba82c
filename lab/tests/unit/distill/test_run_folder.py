"""A folder belongs to one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch_lab.distill.run_folder import open_run
from stillwatch_lab.errors import RunError


def test_the_same_run_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "student"
    assert open_run(out, {"seed": 1, "prompts": Path("p")}) == open_run(out, {"seed": 1, "prompts": Path("p")})
    with pytest.raises(RunError, match="another run: seed was 1, is 2"):
        open_run(out, {"seed": 2, "prompts": Path("p")})


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="not empty"):
        open_run(tmp_path, {})
