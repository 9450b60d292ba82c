"""The dated file of prices and sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.plan.assumptions import BUNDLED, read_assumptions

TEXT = BUNDLED.read_text(encoding="utf-8")


def test_every_figure_says_where_it_is_from() -> None:
    assumed = read_assumptions(None)
    entries = [*assumed.prices, *assumed.models.values(), *assumed.gpus.values(), *assumed.examples]
    assert all(entry.source for entry in entries)


def test_a_copy_may_be_edited(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace("output = 1.20", "output = 9.0"), encoding="utf-8")
    assert read_assumptions(path).price("deepseek-v4-flash", "deepseek").output == 9.0


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("output = 1.20", "outptu = 1.20", r"\[\[prices\]\]: no such entry: outptu"),
        ("output = 1.20", "output = -1.20", "output is negative"),
        ("output = 1.20\n", "", r"\[\[prices\]\].*'output'"),
        ("read_on", "red_on", "'read_on' is missing"),
        ("[rates]", "[rates", "mine.toml"),
    ],
)
def test_names_the_entry_that_is_wrong(tmp_path: Path, before: str, after: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(LabSettingsError, match=says):
        read_assumptions(path)


def test_says_what_there_is_instead() -> None:
    assumed = read_assumptions(None)
    with pytest.raises(LabSettingsError, match=r"no list price for gpt-9 \(there are: deepseek-v4-flash at deepseek"):
        assumed.price("gpt-9", None)
    with pytest.raises(LabSettingsError, match=r"or a number \(7e9\)"):
        assumed.model("big")
    with pytest.raises(LabSettingsError, match="give one of h100"):
        assumed.gpu("abacus")


def test_a_number_is_a_dense_model_of_that_size() -> None:
    assert read_assumptions(None).model("7e9").used == 7e9


def test_a_mixture_of_experts_uses_its_active_parameters() -> None:
    flash = read_assumptions(None).model("deepseek-v4-flash")
    assert (flash.used, flash.parameters) == (13e9, 284e9)
