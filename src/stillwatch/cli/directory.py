"""Options that the commands over the directory share, and how they open it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stillwatch.cli.options import sharing
from stillwatch.gateway.admin_log import ADMIN_LOG, AdminLog, admin_log_of
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.read_settings import DIRECTORY_VARIABLE, read_settings
from stillwatch.gateway.settings import GatewaySettings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The gateway's TOML file: it says which directory.", show_default=False)
]
DirectoryOption = Annotated[
    str | None,
    typer.Option(
        "--directory",
        envvar=DIRECTORY_VARIABLE,
        help="SQLite or PostgreSQL, whatever the file says; a URL with a password belongs into the variable, where no "
        "process list shows it.",
        metavar="URL",
        show_default=GatewaySettings().directory_url,
    ),
]
LogOption = Annotated[
    Path | None, typer.Option("--admin-log", help="Where each change is noted.", show_default=str(ADMIN_LOG))
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@contextmanager
def _opened(*, config: Path | None, directory: str | None, admin_log: Path | None) -> Iterator[Directory]:
    told = read_settings(config) if config else GatewaySettings()
    log = AdminLog(admin_log or admin_log_of(told))
    with Directory(directory or told.directory_url, note=log.note) as opened:
        yield opened


on_directory = sharing(
    {"config": (ConfigOption, None), "directory": (DirectoryOption, None), "admin_log": (LogOption, None)}, _opened
)
"""Give a command the options that say which directory it is about, and the open directory as first argument."""


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
