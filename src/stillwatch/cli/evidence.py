"""``stillwatch evidence``: the options its commands share, and how they open the book."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.main import app
from stillwatch.cli.passphrase import PassphraseOption
from stillwatch.evidence.book import Book
from stillwatch.settings import EVIDENCE, KEY_FILE, EvidenceSettings

evidence_app = typer.Typer(help="An append-only log that a stranger can check.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")

FolderOption = Annotated[Path, typer.Option("--folder", help="Where the log and what opens it live.")]
KeyOption = Annotated[Path, typer.Option("--key", help="Key of this deployment; made at first use.")]
OriginOption = Annotated[
    str,
    typer.Option(help="Name of a new log, best its URL without https://; kept for good.", show_default="made up"),
]
LatticeOption = Annotated[bool, typer.Option("--ml-dsa", help="New keys: ML-DSA-44 beside Ed25519.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
FOLDER, KEY = EVIDENCE, KEY_FILE
__all__ = [
    "FOLDER",
    "KEY",
    "FolderOption",
    "JsonOption",
    "KeyOption",
    "LatticeOption",
    "OriginOption",
    "PassphraseOption",
    "evidence_app",
    "open_book",
]


def open_book(
    folder: Path,
    *,
    key: Path = KEY,
    passphrase: Path | None = None,
    origin: str = "",
    ml_dsa: bool = False,
    create: bool = False,
) -> Book:
    """Open the book of a deployment to write; only ``create`` begins a new one."""
    settings = EvidenceSettings(folder, origin=origin, ml_dsa=ml_dsa, passphrase_file=passphrase, key_file=key)
    return Book(settings, clock=time.time, create=create)
