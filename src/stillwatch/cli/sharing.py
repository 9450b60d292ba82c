"""``stillwatch share``: the options its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.main import app
from stillwatch.sharing.tables import SHARING_URL

share_app = typer.Typer(help="Campaigns to and from other hosts; one more piece of evidence.", no_args_is_help=True)
app.add_typer(share_app, name="share")

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="STILLWATCH_SHARING",
        help="SQLite or PostgreSQL; a URL with a password belongs into the variable, where no process list shows it.",
        metavar="URL",
    ),
]
EvidenceOption = Annotated[Path, typer.Option("--evidence", help="Folder of the evidence log; every share is in it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
SenderOption = Annotated[str, typer.Option("--as", help="Name of this host, as partners know it.", show_default=False)]
RecipientOption = Annotated[str, typer.Option("--to", help="Who gets it; logged.", show_default=False)]
PurposeOption = Annotated[str, typer.Option(help="What for; logged.", show_default=False)]
STORE = SHARING_URL
