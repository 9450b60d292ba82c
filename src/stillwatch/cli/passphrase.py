"""The option that names a passphrase's file: apart, for ``scan`` has it and does without the evidence log's code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Its first line protects the signing keys.", show_default=False),
]
