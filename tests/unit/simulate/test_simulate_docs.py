import re
from dataclasses import fields
from pathlib import Path

import pytest

from stillwatch.simulate import bundled_scenarios
from stillwatch.simulate.block import CHOICES, Block
from stillwatch.simulate.pools import EXTERNAL_KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "simulate.md").read_text("utf-8")
NAMED = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)))


@pytest.mark.parametrize("name", [f.name for f in fields(Block)])
def test_every_setting_is_explained(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("value", sorted({v for values in CHOICES.values() for v in values if v} | set(EXTERNAL_KINDS)))
def test_every_choice_is_named(value: str) -> None:
    assert value in NAMED


@pytest.mark.parametrize("name", bundled_scenarios())
def test_every_scenario_is_listed(name: str) -> None:
    assert name in NAMED
