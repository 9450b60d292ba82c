"""``stillwatch register``: what a reviewer or the party does: publish, renew, appeal, decide, withdraw, erase."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.register import (
    Desk,
    EntryArgument,
    ReasonsOption,
    read_table,
    read_text,
    register_app,
    say_status,
    writing,
)
from stillwatch.registry.changes import (
    Amend,
    Corroborate,
    Decide,
    Erase,
    FileAppeal,
    ListOfficially,
    OpenReview,
    Publish,
    Renew,
    Withdraw,
)
from stillwatch.registry.forms import from_json
from stillwatch.registry.nouns import Ground
from stillwatch.registry.rules import DAY, MAX_TERM_DAYS
from stillwatch.registry.statuses import Status

DaysOption = Annotated[int, typer.Option("--days", help="It expires after so many.", min=1, max=MAX_TERM_DAYS)]
GroundsOption = Annotated[
    list[Ground], typer.Option("--ground", help="Why it should not stand; repeatable.", show_default=False)
]
WordsOption = Annotated[Path, typer.Option("--file", help="The words; published as they are.", show_default=False)]


@register_app.command("publish")
@writing
def publish_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
    days: DaysOption = MAX_TERM_DAYS,
) -> None:
    """Let an entry be public, as somebody who did not write it, once its party was heard."""
    change = Publish(reasons, int(time.time()) + days * DAY)
    desk.make(entry, change)


@register_app.command("renew")
@writing
def renew_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
    days: DaysOption = MAX_TERM_DAYS,
) -> None:
    """Let an entry stand longer because of new evidence, of which its party was told."""
    change = Renew(reasons, int(time.time()) + days * DAY)
    desk.make(entry, change)


@register_app.command("corroborate")
@writing
def corroborate_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
) -> None:
    """Say that two independent providers show the same."""
    desk.make(entry, Corroborate(reasons))


@register_app.command("official")
@writing
def official_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
) -> None:
    """Say that a public authority listed the party; its list is attached as evidence first."""
    desk.make(entry, ListOfficially(reasons))


@register_app.command("appeal")
@writing
def appeal_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    sender: Annotated[str, typer.Option("--from", help="Who appeals.", show_default=False)],
    grounds: GroundsOption,
    file: WordsOption,
) -> None:
    """Record an appeal: the entry is under review from now on."""
    change = FileAppeal(sender, tuple(grounds), read_text(file))
    desk.make(entry, change)


@register_app.command("review")
@writing
def review_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    grounds: GroundsOption,
    file: WordsOption,
) -> None:
    """Look at an entry again without an appeal."""
    change = OpenReview(tuple(grounds), read_text(file))
    desk.make(entry, change)


@register_app.command("decide")
@writing
def decide_command(
    desk: Desk,
    entry: EntryArgument,
    outcome: Annotated[Status, typer.Argument(help="upheld, corrected or withdrawn.", show_default=False)],
    *,
    reasons: ReasonsOption,
    corrections: Annotated[Path | None, typer.Option(help="TOML: the entry as corrected.")] = None,
    strike: Annotated[list[str] | None, typer.Option(help="Bundle that counts no longer; repeatable.")] = None,
) -> None:
    """Decide a review, as somebody who neither wrote the entry nor decided about it before."""
    said = from_json(Amend, read_table(corrections), where=str(corrections)) if corrections else None
    change = Decide(outcome, reasons, said, tuple(strike or ()))
    desk.make(entry, change)


@register_app.command("withdraw")
@writing
def withdraw_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
) -> None:
    """Take an entry back. What was public stays as a tombstone with its history."""
    desk.make(entry, Withdraw(reasons))


@register_app.command("expire")
@writing
def expire_command(desk: Desk) -> None:
    """Turn every entry whose time is over into a tombstone; for a daily timer."""
    actor = desk.actor
    with desk.open() as register:
        over = register.expire_due(by=actor)
    for record in over:
        say_status(record)
    if not over:
        typer.echo("No entry's time is over.")


@register_app.command("erase")
@writing
def erase_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    reasons: ReasonsOption,
) -> None:
    """Destroy for good what a tombstone's history says, and keep a tombstone that names nobody.

    The log's proofs stay valid. Copies of the site and of the vault have to be erased where they are.
    """
    desk.make(entry, Erase(reasons))
