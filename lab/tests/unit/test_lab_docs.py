"""The lab's page says what the programs say."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import curves_table, prose, twice
from runs.lab_tables import tables
from runs.plan_table import table

from stillwatch_lab.attackers.attacker import find_attackers
from stillwatch_lab.defences.defence import find_defences
from stillwatch_lab.distill.settings import Method
from stillwatch_lab.models.folders import bundled_configurations

LAB = Path(__file__).parents[2]
RESULTS_PAGE = (LAB.parent / "docs" / "lab.md").read_text(encoding="utf-8")
PAGE = (LAB.parent / "docs" / "lab-distill.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_plan_says() -> None:
    assert table() in PAGE, "python -m runs.plan_table writes the table anew"


def test_names_every_method_and_configuration() -> None:
    assert not [name for name in (*Method, *bundled_configurations()) if f"`{name}`" not in PAGE]


@pytest.mark.parametrize("name", tables())
def test_the_tables_are_what_the_committed_results_say(name: str) -> None:
    assert f"<!-- table {name} -->\n{tables()[name]}\n<!-- end -->" in RESULTS_PAGE, (
        "python -m runs.lab_tables writes it"
    )


@pytest.mark.parametrize("name", curves_table.tables())
def test_the_tables_of_defences_are_what_the_committed_results_say(name: str) -> None:
    page = curves_table.PAGE.read_text(encoding="utf-8")
    assert f"<!-- table {name} -->\n{curves_table.tables()[name]}\n<!-- end -->" in page, (
        "python -m runs.curves_table writes it"
    )


def test_the_table_of_both_runs_is_what_their_results_say() -> None:
    page = twice.PAGE.read_text(encoding="utf-8")
    assert f"<!-- table twice -->\n{twice.tables()['twice']}\n<!-- end -->" in page, "python -m runs.twice writes it"


@pytest.mark.parametrize("page", prose.SAID)
def test_sentences_say_the_numbers_of_the_committed_results(page: str) -> None:
    assert not prose.missing(page), "python -m runs.prose lists what the page should say"


def test_the_page_of_defences_names_every_defence_and_attacker() -> None:
    page = curves_table.PAGE.read_text(encoding="utf-8")
    assert not [name for name in (*find_defences(), *find_attackers()) if f"`{name}`" not in page]
