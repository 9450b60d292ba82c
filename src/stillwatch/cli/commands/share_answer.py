"""``stillwatch share``: what we say of others' indicators, and they of ours: opinion, sighting, push, feedback."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import (
    STORE,
    JsonOption,
    PurposeOption,
    RecipientOption,
    SenderOption,
    ShareLog,
    StoreOption,
    calling,
    logged,
    share_app,
)
from stillwatch.errors import SettingsError, SharingError
from stillwatch.sharing.answering import OPINIONS, make_opinion, make_sighting, push
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.nouns import Sender
from stillwatch.sharing.publishing import Publisher
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.pull import find_collections

ObjectArgument = Annotated[str, typer.Argument(help="Id of the indicator or campaign.", show_default=False)]
UrlOption = Annotated[str, typer.Option("--url", help="The partner's server or collection.", show_default=False)]
CollectionOption = Annotated[str, typer.Option(help="Its id, alias or title.", show_default=False)]


@share_app.command("opinion")
@calling
@logged
def opinion_command(
    log: ShareLog,
    credential: Credential,
    about: ObjectArgument,
    *,
    says: Annotated[str, typer.Option(help=f"One of {', '.join(OPINIONS)}.", show_default=False)],
    because: Annotated[str, typer.Option(help="Why, without anybody's name.", show_default=False)],
    sender: SenderOption,
    recipient: RecipientOption,
    url: UrlOption,
    collection: CollectionOption = "",
    store: StoreOption = STORE,
) -> None:
    """Agree or disagree with what a partner shared. Whoever pulls it there leaves a disputed indicator aside."""
    made = make_opinion(about, sender=Sender(sender), says=says, because=because, now=datetime.now(UTC))
    http, made = Http(credential), _settled(made, store)
    with log.open() as book:
        _push(http, url, collection, made, book=book, recipient=recipient, purpose="opinion")


@share_app.command("sighting")
@calling
@logged
def sighting_command(
    log: ShareLog,
    credential: Credential,
    about: ObjectArgument,
    *,
    count: Annotated[int, typer.Option(help="Accounts that had it; 0: looked for and not seen.", show_default=False)],
    since: Annotated[datetime, typer.Option(help="Looked from this day on (UTC).", show_default=False)],
    sender: SenderOption,
    recipient: RecipientOption,
    url: UrlOption,
    collection: CollectionOption = "",
    store: StoreOption = STORE,
) -> None:
    """Tell a partner that its indicator was seen here, or was looked for and not seen."""
    now = datetime.now(UTC)
    first = since.replace(tzinfo=UTC)
    made = make_sighting(about, sender=Sender(sender), count=count, first=first, last=now, now=now)
    http, made = Http(credential), _settled(made, store)
    with log.open() as book:
        _push(http, url, collection, made, book=book, recipient=recipient, purpose="sighting")


@share_app.command("push")
@calling
@logged
def push_command(
    log: ShareLog,
    credential: Credential,
    bundle: Annotated[Path, typer.Argument(help="STIX bundle, as export and withdraw write it.", show_default=False)],
    *,
    recipient: RecipientOption,
    purpose: PurposeOption,
    url: UrlOption,
    collection: CollectionOption = "",
) -> None:
    """Send a bundle to a partner's collection, logged like every share."""
    try:
        objects = json.loads(bundle.read_bytes())["objects"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SettingsError(f"{bundle}: not a STIX bundle: {problem}") from problem
    http = Http(credential)
    with log.open() as book:
        _push(http, url, collection, objects, book=book, recipient=recipient, purpose=purpose)


@share_app.command("feedback")
def feedback_command(*, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """List what partners said, in our collections, of what we shared."""
    database = open_sharing(store)
    found = Publisher(database, clock=time.time).feedback()
    database.close()
    if as_json:
        typer.echo(json.dumps([asdict(f) for f in found]))
        return
    for one in found:
        typer.echo(printable(f"{one.type} by {one.sender} of {one.about}: {one.says}"))
    if not found:
        typer.echo("Nobody said anything.")


def _settled(made: list[Any], store: str) -> list[Any]:
    database = open_sharing(store)
    try:
        return Ledger(database).settle_answers(made)
    finally:
        database.close()


def _push(http: Http, url: str, collection: str, objects: list[Any], **logged: Any) -> None:
    (address, *others) = find_collections(http, url, collection, right="can_write")
    if others:
        raise SharingError(f"{url}: has several collections; name one with --collection")
    done = push(http, address, objects, **logged)
    typer.echo(
        f"{done['success_count']} taken, {done['failure_count']} refused, {done['pending_count']} pending at {address}"
    )
    if done["failure_count"]:
        raise typer.Exit(1)
