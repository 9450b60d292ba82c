"""The lab's page says what the programs say."""

from __future__ import annotations

from pathlib import Path

from runs.plan_table import table

from stillwatch_lab.distill.settings import Method
from stillwatch_lab.models.folders import bundled_configurations

LAB = Path(__file__).parents[2]
PAGE = (LAB.parent / "docs" / "lab-distill.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_plan_says() -> None:
    assert table() in PAGE, "python -m runs.plan_table writes the table anew"


def test_names_every_method_and_configuration() -> None:
    assert not [name for name in (*Method, *bundled_configurations()) if f"`{name}`" not in PAGE]
