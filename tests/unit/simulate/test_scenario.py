from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.errors import ScenarioError
from stillwatch.simulate.scenario import parse_scenario, read_scenario, with_ladder

HEAD = {"description": "a test", "start": datetime(2026, 3, 1, tzinfo=UTC), "days": 10}
HUMAN = {"kind": "human", "accounts": 5, "calls": 20}


def parse(block: dict, **head: object) -> object:
    return parse_scenario(HEAD | head | {"block": [HUMAN | block]}, where="mine.toml")


def test_a_block_takes_what_it_does_not_say_from_its_kind() -> None:
    block = parse({}).blocks[0]
    assert (block.rhythm, block.network, block.turns) == ("human", "home", 2.2)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"kind": "bots"}, "kind 'bots' is not one of"),
        ({"acounts": 3}, "no such key: acounts"),
        ({"accounts": 2.5}, "accounts must be a whole number"),
        ({"accounts": True}, "accounts must be a whole number"),
        ({"calls": 0}, "accounts and calls must be at least 1"),
        ({"calls": -3}, "calls must be 0 or more"),
        ({"spread": float("nan")}, "spread must be 0 or more, and finite"),
        ({"turns": 0.5}, "turns must be at least 1"),
        ({"rhythm": "waltz"}, "rhythm 'waltz' is not one of human"),
        ({"layout": "sideways"}, "layout 'sideways' is not one of system"),
        ({"use": "poetry"}, "use 'poetry' is not one of agent"),
        ({"label": 3}, "label must be text in quotes"),
        ({"languages": "en"}, "languages must be a list"),
        ({"first_day": 8, "days": 3}, "ends after the scenario's 10 days"),
        ({"first_day": 10}, "ends after the scenario's 10 days"),
        ({"share_low": 0.0}, "0 < share_low <= share_high <= 1"),
        ({"campaign": "A", "ladder": 6}, "ladder must be 0 to 5"),
        ({"campaign": "A", "first_day": 3, "ban_day": 2}, "ban_day must lie inside"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(block: dict, says: str) -> None:
    with pytest.raises(ScenarioError, match=rf"mine\.toml: \[\[block\]\] 1.*{says}"):
        parse(block)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ({"dayz": 3}, "no such key: dayz"),
        ({"start": "today"}, "start must be a date and time"),
        ({"days": 0}, "days must be at least 1"),
        ({"include": "nobody"}, "include 'nobody' is not one of"),
    ],
)
def test_a_wrong_head_is_refused(head: dict, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        parse({}, **head)


def test_a_scenario_without_traffic_is_refused() -> None:
    with pytest.raises(ScenarioError, match="no traffic"):
        parse_scenario(HEAD, where="mine.toml")


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'dmeo'; there are demo, evasion"):
        read_scenario("dmeo")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"mine\.toml: no such scenario file"):
        read_scenario(tmp_path / "mine.toml")


def test_broken_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("days = = 3")
    with pytest.raises(ScenarioError, match=r"mine\.toml: not valid TOML"):
        read_scenario(tmp_path / "mine.toml")


def test_included_blocks_are_stretched_and_scaled() -> None:
    whole = read_scenario("hard-negatives")
    part = parse_scenario(HEAD | {"include": "hard-negatives", "include_scale": 0.5}, where="mine.toml")
    release = [next(b for b in s.blocks if b.kind == "release_day") for s in (whole, part)]
    assert release[1].calls == release[0].calls / 2
    assert release[1].first_day == pytest.approx(release[0].first_day * 10 / 14)


def test_the_ladder_moves_campaigns_only() -> None:
    scenario = with_ladder(read_scenario("evasion"), 3)
    assert {(bool(b.campaign), b.ladder) for b in scenario.blocks} == {(True, 3), (False, 0)}


def test_a_step_above_the_ladder_is_refused() -> None:
    with pytest.raises(ScenarioError, match="ladder 6: the steps are 0 to 5"):
        with_ladder(read_scenario("evasion"), 6)
