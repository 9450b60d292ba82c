"""``stillwatch register``: the options its commands share, how they open the register, and what they read."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.main import app
from stillwatch.errors import RegistryError
from stillwatch.gateway.admin_log import operating_user
from stillwatch.registry.changes import Change
from stillwatch.registry.records import Record
from stillwatch.registry.register import FOLDER, Register

register_app = typer.Typer(
    help="A fair register: who was named, on what evidence, and what they answered.", no_args_is_help=True
)
app.add_typer(register_app, name="register")

EntryArgument = Annotated[str, typer.Argument(help="Name of the entry, R-….", show_default=False)]
FolderOption = Annotated[Path, typer.Option("--register", help="Where the register's log lives.")]
ByOption = Annotated[
    str,
    typer.Option("--by", help="Who does it: published, and compared.", show_default="user of the system"),
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Its first line protects the signing keys.", show_default=False),
]
ReasonsOption = Annotated[str, typer.Option(help="Why; published word for word.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
WHERE = FOLDER


def open_writer(folder: Path, *, origin: str = "", passphrase: Path | None = None) -> Register:
    """Open the register to write, beginning it at first use."""
    return Register(folder, clock=time.time, origin=origin, passphrase_file=passphrase)


def make_change(name: str, change: Change, *, by: str, folder: Path, passphrase: Path | None) -> Record:
    """Make one change to an entry and say what became of it."""
    with open_writer(folder, passphrase=passphrase) as register:
        record = register.make(name, change, by=who(by))
    say_status(record)
    return record


def say_status(record: Record) -> None:
    """Print where an entry stands now, and the leaf that says so."""
    leaf = record.leaves[-1]
    status = record.entry.status.value if record.entry else "erased"
    typer.echo(f"{record.name} is {status.replace('_', ' ')}: entry {leaf.index} of the register's log.")


def who(by: str) -> str:
    """Return who does it: as said, or the user of the operating system."""
    return by.strip() or operating_user()


def read_table(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises RegistryError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise RegistryError(f"{path}: cannot be read: {problem}") from problem


def read_text(path: Path) -> str:
    """Read a text file. Raises RegistryError."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as problem:
        raise RegistryError(f"{path}: cannot be read: {problem}") from problem
