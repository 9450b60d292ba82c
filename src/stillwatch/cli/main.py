"""The front door: builds the command from its parts and turns errors into exit codes."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from stillwatch.errors import StillwatchError
from stillwatch.plugins import load_modules

app = typer.Typer(
    name="stillwatch",
    help="Find, slow and prove distillation campaigns against a language-model API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 wrong input or use, 130 interrupted."""
    load_modules("stillwatch.cli.commands")
    try:
        app()
    except StillwatchError as problem:
        Console(stderr=True, highlight=False).print(f"[red]stillwatch:[/red] {problem}", markup=True, soft_wrap=True)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        Console(stderr=True).print("stillwatch: interrupted; nothing was left half-written")
        sys.exit(130)
