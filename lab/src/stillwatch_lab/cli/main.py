"""The front door: loads the command that was asked for and turns errors into exit codes."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import NoReturn

import typer
from rich.console import Console

from stillwatch.errors import StillwatchError

COMMANDS = "stillwatch_lab.cli.commands"
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

app = typer.Typer(
    name="stillwatch-lab",
    help="What distilling a language model takes, what it passes on, and whether a model was made from yours.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _several_commands() -> None:
    """Keep the command's name in use while only one command is loaded."""


def main() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 2 wrong input or use, 130 interrupted."""
    load_commands(sys.argv[1] if len(sys.argv) > 1 else "")
    sys.exit(_run())


def load_commands(asked: str) -> None:
    """Import the file of the command that was asked for, or all of them where it is none.

    Importing torch takes seconds; a command that needs none must not wait for it.
    """
    folder = importlib.import_module(COMMANDS)
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    wanted = asked.replace("-", "_")
    for name in [wanted] if wanted in names else names:
        importlib.import_module(f"{COMMANDS}.{name}")


def _run() -> int:
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        app()
    except StillwatchError as problem:
        err.print("stillwatch-lab:", str(problem), markup=False)
        return problem.exit_code
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0
        if code == INTERRUPTED:
            err.print("stillwatch-lab: interrupted; the same command goes on from the last checkpoint")
        return code
    return 0
