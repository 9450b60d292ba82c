"""``stillwatch share``: what others say: pull, received."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import STORE, JsonOption, StoreOption, share_app
from stillwatch.errors import SettingsError
from stillwatch.sharing.received import Received, ReceivedTable
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.pull import find_collections, pull
from stillwatch.store.private_file import read_private_file

TOKEN_VARIABLE = "STILLWATCH_SHARE_TOKEN"  # noqa: S105 - the name of a variable
MAX_TOKEN_BYTES = 4_096

TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", help=f"File with the token; else ${TOKEN_VARIABLE}.", show_default=False),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", help="Client certificate in PEM.", show_default=False)
]
CertificateKeyOption = Annotated[Path | None, typer.Option("--certificate-key", help="Its key.", show_default=False)]
CaOption = Annotated[
    Path | None, typer.Option("--ca", help="Who signs the server's certificate.", show_default="the system's")
]


@share_app.command("pull")
def pull_command(
    url: Annotated[str, typer.Argument(help="Discovery, API root or collection.", show_default=False)],
    *,
    collection: Annotated[str, typer.Option(help="Its id, alias or title.", show_default="all readable")] = "",
    token_file: TokenOption = None,
    certificate: CertificateOption = None,
    certificate_key: CertificateKeyOption = None,
    ca: CaOption = None,
    store: StoreOption = STORE,
    as_json: JsonOption = False,
) -> None:
    """Fetch what is new in a partner's collections. Interrupted, the next one goes on there."""
    http = Http(Credential(read_token(token_file), certificate, certificate_key, ca))
    database = open_sharing(store)
    try:
        table = ReceivedTable(database)
        done = [pull(http, c, table, clock=time.time) for c in find_collections(http, url, collection)]
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps([asdict(d) for d in done]))
        return
    for one in done:
        refused = f"; {one.refused:,} that are no STIX objects" if one.refused else ""
        typer.echo(f"{one.source}: {one.new:,} new or newer objects{refused}")
        for warning in one.warnings:
            typer.echo(f"  the server is at fault: {printable(warning)}", err=True)


@share_app.command("received")
def received_command(*, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """List others' indicators, and whether they hold now."""
    database = open_sharing(store)
    found = ReceivedTable(database).indicators(now=time.time())
    database.close()
    if as_json:
        typer.echo(json.dumps([asdict(r) | {"holds": r.holds} for r in found]))
        return
    for one in found:
        value = printable(one.value)
        typer.echo(f"{one.kind:20} {value}  confidence {one.confidence}  {_standing(one)}  {printable(one.sender)}")
    counted = Counter(_standing(r) for r in found)
    typer.echo(", ".join(f"{n:,} {what}" for what, n in sorted(counted.items())) or "Nothing was received.")


def read_token(path: Path | None) -> str:
    """Read a token from its private file or the environment; empty if there is none. Raises SettingsError."""
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return read_private_file(path, most_bytes=MAX_TOKEN_BYTES, called="the token").decode("ascii").strip()
    except (OSError, ValueError) as problem:
        raise SettingsError(f"--token-file {path}: cannot be read: {problem}") from problem


def _standing(one: Received) -> str:
    if one.revoked:
        return "revoked"
    if one.disputed:
        return "disputed"
    return "expired" if one.expired else "holds" if one.holds else "not believed"
