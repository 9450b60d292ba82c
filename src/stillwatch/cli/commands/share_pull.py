"""``stillwatch share``: what others say: pull, received."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import (
    STORE,
    JsonOption,
    StoreOption,
    calling,
    share_app,
)
from stillwatch.sharing.nouns import Received
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.pull import find_collections, pull


@share_app.command("pull")
@calling
def pull_command(
    credential: Credential,
    url: Annotated[str, typer.Argument(help="Discovery, API root or collection.", show_default=False)],
    *,
    collection: Annotated[str, typer.Option(help="Its id, alias or title.", show_default="all readable")] = "",
    again: Annotated[bool, typer.Option("--again", help="Fetch everything: the server was set back.")] = False,
    store: StoreOption = STORE,
    as_json: JsonOption = False,
) -> None:
    """Fetch what is new in a partner's collections. Interrupted, the next one goes on there."""
    http = Http(credential)
    database = open_sharing(store)
    try:
        table = ReceivedTable(database)
        done = [pull(http, c, table, clock=time.time, again=again) for c in find_collections(http, url, collection)]
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


def _standing(one: Received) -> str:
    if one.revoked:
        return "revoked"
    if one.disputed:
        return "disputed"
    return "expired" if one.expired else "holds" if one.holds else "not believed"
