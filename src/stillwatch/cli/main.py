"""The front door: builds the command from its parts and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer
from rich.console import Console

from stillwatch.errors import StillwatchError
from stillwatch.plugins import load_modules

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

app = typer.Typer(
    name="stillwatch",
    help="Find, slow and prove distillation campaigns against a language-model API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def front_door() -> None:
    """Have a command's name in every command line, also where only that one was loaded."""


def main() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 2 wrong input or use, 130 interrupted."""
    load_modules("stillwatch.cli.commands", named=sys.argv[1] if len(sys.argv) > 1 else "")
    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leave without the interpreter's shutdown: DuckDB's bindings report their own leaks there, on the user's terminal.
    os._exit(code)


def _run() -> int:
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        app()
    except StillwatchError as problem:
        err.print("stillwatch:", str(problem), markup=False)
        return problem.exit_code
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0
        if code == INTERRUPTED:
            err.print("stillwatch: interrupted; nothing was left half-written")
        return code
    return 0
