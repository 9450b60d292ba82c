"""Options that several commands share, on a command of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from stillwatch.cli.options import sharing

CLOSED: list[str] = []


@contextmanager
def _opened(*, where: str) -> Iterator[str]:
    yield f"opened {where}"
    CLOSED.append(where)


on_place = sharing({"where": (Annotated[str, typer.Option(help="Where it is.")], "here")}, _opened)
twice = sharing({"other": (Annotated[str, typer.Option(help="Another.")], "there")}, lambda other: _opened(where=other))
app = typer.Typer()


@app.command()
@twice
@on_place
def show(place: str, other: str, name: str, *, loud: bool = False) -> None:
    """Show a place."""
    typer.echo(f"{name}: {place}, {other}{'!' if loud else ''}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["me"], "me: opened here, opened there\n"),
        (["me", "--loud", "--where", "x", "--other", "y"], "me: opened x, opened y!\n"),
    ],
)
def test_a_command_gets_what_its_options_name(arguments: list[str], said: str) -> None:
    CLOSED.clear()
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.output) == (0, said)
    assert len(CLOSED) == 2


def test_the_help_has_its_own_options_and_the_shared_ones() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    for words in ("Show a place.", "--loud", "Where it is.", "Another."):
        assert words in text
    assert "place" not in text.replace("Show a place.", "")
