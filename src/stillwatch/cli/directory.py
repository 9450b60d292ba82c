"""Options that the commands over the directory share, and how they open it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stillwatch.gateway.admin_log import ADMIN_LOG, AdminLog
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.settings import GatewaySettings

DIRECTORY_URL = GatewaySettings().directory_url

DirectoryOption = Annotated[
    str,
    typer.Option(
        "--directory",
        envvar="STILLWATCH_DIRECTORY",
        help="SQLite or PostgreSQL; a URL with a password belongs into the variable, where no process list shows it.",
        metavar="URL",
    ),
]
LogOption = Annotated[Path, typer.Option("--admin-log", help="Where each change is noted.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
LOG_FILE = ADMIN_LOG


def open_directory(url: str, log: Path) -> Directory:
    """Open the directory; what is changed in it is noted in ``log``."""
    return Directory(url, note=AdminLog(log).note)


def print_rows(rows: list[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Print rows as JSON, or as a table without the columns that no row fills; ``nothing`` if there are none."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    if not rows:
        typer.echo(nothing)
        return
    filled = [name for name in rows[0] if any(row[name] not in {None, ""} for row in rows)]
    table = Table()
    for name in filled:
        # Keys are copied from here: they stay on one line however narrow the terminal.
        table.add_column(name.replace("_", " "), no_wrap=name in {"key", "successor"}, overflow="fold")
    for row in rows:
        table.add_row(*("" if row[name] is None else printable(row[name]) for name in filled))
    Console(highlight=False, markup=False).print(table)


def printable(value: object) -> str:
    """Write a value so that no character of it moves the cursor or turns the text around."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(value))
