from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from stillwatch.cli.commands.simulate import simulate
from stillwatch.errors import ScenarioError

MINE = """
description = "a test"
start = 2026-03-01T00:00:00Z
days = 2
[[block]]
kind = "campaign"
campaign = "A"
accounts = 30
calls = 90
"""


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(simulate)
    return made


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.toml").write_text(MINE)
    return str(tmp_path / "mine.toml")


def test_prints_the_summary_as_json(app: typer.Typer, mine: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [mine, "--out", str(tmp_path / "o"), "--json"])
    assert orjson.loads(done.stdout)["campaigns"]["A"]["calls"] == 90


def test_prints_a_table_of_labels(app: typer.Typer, mine: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [mine, "--out", str(tmp_path / "o")])
    assert "campaign:A" in done.stdout


def test_lists_the_bundled_scenarios(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["--list"])
    assert done.exit_code == 0
    assert "profile-e" in done.stdout


def test_a_trace_without_its_columns_is_refused(app: typer.Typer, mine: str, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("no parquet")
    done = CliRunner().invoke(app, [mine, "--out", str(tmp_path / "o"), "--traces", str(tmp_path / "t.parquet")])
    assert isinstance(done.exception, ScenarioError)
    assert "t.parquet: a trace needs the columns" in str(done.exception)
