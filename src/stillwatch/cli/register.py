"""``stillwatch register``: the options its commands share, how they open the register, and what they read."""

from __future__ import annotations

import time
import tomllib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.main import app
from stillwatch.cli.options import sharing
from stillwatch.errors import RegistryError
from stillwatch.evidence.keyset import read_passphrase
from stillwatch.registry.actors import Actor, read_actor
from stillwatch.registry.changes import Change
from stillwatch.registry.records import Record
from stillwatch.registry.register import FOLDER, Register

register_app = typer.Typer(
    help="A fair register: who was named, on what evidence, and what they answered.", no_args_is_help=True
)
app.add_typer(register_app, name="register")

EntryArgument = Annotated[str, typer.Argument(help="Name of the entry, R-….", show_default=False)]
FolderOption = Annotated[Path, typer.Option("--register", help="Where the register's log lives.")]
ActorOption = Annotated[
    Path,
    typer.Option(
        "--actor",
        envvar="STILLWATCH_ACTOR",
        help="Your own key (register actor): it signs what you do.",
        metavar="FILE",
    ),
]
ActorPassphraseOption = Annotated[
    Path | None,
    typer.Option("--actor-passphrase-file", help="Its first line protects your own key.", show_default=False),
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Its first line protects the register's keys.", show_default=False),
]
ReasonsOption = Annotated[str, typer.Option(help="Why; published word for word.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
WHERE, ACTOR = FOLDER, Path(".stillwatch/actor.key")


@dataclass(frozen=True)
class Desk:
    """Where changes are made: which register, with whose key."""

    folder: Path
    actor_file: Path
    actor_passphrase: Path | None
    passphrase: Path | None

    @cached_property
    def actor(self) -> Actor:
        """Who sits at it. Raises RegistryError or EvidenceError for a key that cannot be used."""
        file = self.actor_passphrase
        return read_actor(self.actor_file, passphrase=partial(read_passphrase, file) if file else None)

    def open(self, *, origin: str = "") -> Register:
        """Open the register to write, beginning it at first use."""
        return Register(self.folder, clock=time.time, origin=origin, passphrase_file=self.passphrase)

    def make(self, name: str, change: Change) -> Record:
        """Make one change to an entry and say what became of it."""
        actor = self.actor
        with self.open() as register:
            record = register.make(name, change, by=actor)
        say_status(record)
        return record


def _desk(
    *, folder: Path, actor: Path, actor_passphrase_file: Path | None, passphrase_file: Path | None
) -> AbstractContextManager[Desk]:
    return nullcontext(Desk(folder, actor, actor_passphrase_file, passphrase_file))


writing = sharing(
    {
        "actor": (ActorOption, ACTOR),
        "actor_passphrase_file": (ActorPassphraseOption, None),
        "folder": (FolderOption, WHERE),
        "passphrase_file": (PassphraseOption, None),
    },
    _desk,
)
"""Give a command the options that say who changes which register, and the desk for that as first argument."""


def say_status(record: Record) -> None:
    """Print where an entry stands now, and the leaf that says so."""
    leaf = record.leaves[-1]
    status = record.entry.status.value if record.entry else "erased"
    typer.echo(f"{record.name} is {status.replace('_', ' ')}: entry {leaf.index} of the register's log.")


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
