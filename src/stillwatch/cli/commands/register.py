"""``stillwatch register``: what comes before publication: draft, amend, evidence, letter, notice, answer."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.register import (
    WHERE,
    Desk,
    EntryArgument,
    FolderOption,
    read_table,
    read_text,
    register_app,
    say_status,
    writing,
)
from stillwatch.errors import RegistryError
from stillwatch.registry.attach import attach_bundle
from stillwatch.registry.changes import AddEvidence, Amend, Draft, GiveNotice, TakeAnswer
from stillwatch.registry.forms import from_json
from stillwatch.registry.letter import write_letter
from stillwatch.registry.nouns import Evidence, Stance
from stillwatch.registry.records import find_record
from stillwatch.registry.register import open_register
from stillwatch.registry.rules import DAY, MIN_NOTICE_DAYS

FileArgument = Annotated[Path, typer.Argument(help="TOML: entity, claims, criteria.", show_default=False)]
UntilOption = Annotated[int, typer.Option("--days", help="How long the party may answer.", min=MIN_NOTICE_DAYS)]


@register_app.command("draft")
@writing
def draft_command(
    desk: Desk,
    file: FileArgument,
    *,
    origin: Annotated[
        str, typer.Option(help="Name of a new register, best its URL without https://.", show_default="made up")
    ] = "",
) -> None:
    """Begin an entry. Nothing of it is public: its log entry only commits to it."""
    change, actor = from_json(Draft, read_table(file), where=str(file)), desk.actor
    with desk.open(origin=origin) as register:
        record = register.draft(change, by=actor)
    say_status(record)


@register_app.command("amend")
@writing
def amend_command(
    desk: Desk,
    entry: EntryArgument,
    file: FileArgument,
) -> None:
    """Say an entry anew before it is published; it then needs another notice."""
    change = from_json(Amend, read_table(file), where=str(file))
    desk.make(entry, change)


@register_app.command("evidence")
@writing
def evidence_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    provider: Annotated[str, typer.Option(help="Whose evidence it is.", show_default=False)],
    shows: Annotated[str, typer.Option(help="What it shows, in words.", show_default=False)],
    bundle: Annotated[Path | None, typer.Option(help="An evidence bundle; it is verified first.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Your tlog-policy for the bundle's log.")] = None,
    digest: Annotated[str, typer.Option(help="Instead of --bundle: SHA-256 of one that you may not have.")] = "",
    log: Annotated[str, typer.Option(help="With --digest: the provider's log.")] = "",
    index: Annotated[int | None, typer.Option(help="With --digest: index in that log.")] = None,
    owner: Annotated[str, typer.Option(help="Who controls the provider, if somebody does.")] = "",
    repeats: Annotated[str, typer.Option(help="SHA-256 of the bundle that this one only repeats.")] = "",
    authority: Annotated[str, typer.Option(help="Instead: the public authority whose list it is.")] = "",
    url: Annotated[str, typer.Option(help="With --authority: where its list is.")] = "",
) -> None:
    """Attach evidence: a bundle, another provider's digest, or an official list."""
    if sum((bundle is not None, bool(digest), bool(authority))) != 1:
        raise RegistryError("evidence: name one of --bundle, --digest or --authority")
    if bundle is not None:
        trust = read_text(policy) if policy else None
        made = attach_bundle(bundle, provider=provider, shows=shows, owner=owner, repeats=repeats, policy=trust)
    else:
        made = Evidence(provider, shows, owner, digest, log, index, repeats, authority=authority, url=url)
    desk.make(entry, AddEvidence(made))


@register_app.command("letter")
def letter_command(
    entry: EntryArgument,
    *,
    reply_to: Annotated[str, typer.Option(help="Where the party can answer.", show_default=False)],
    days: UntilOption = MIN_NOTICE_DAYS,
    folder: FolderOption = WHERE,
) -> None:
    """Print the letter to send to the party; keep the file, its digest goes into the notice."""
    opened = open_register(folder)
    record = find_record(opened.records, entry)
    if record.entry is None:
        raise RegistryError(f"{entry}: it was erased; there is nobody to write to")
    deadline = _deadline(days)
    text = write_letter(record.entry, register=opened.log.keys.origin, deadline=deadline, reply_to=reply_to)
    typer.echo(text, nl=False)


@register_app.command("notice")
@writing
def notice_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    channel: Annotated[str, typer.Option(help="How it was sent; published: name no private address.")],
    letter: Annotated[Path, typer.Option(help="The letter as it was sent; its digest is kept.", show_default=False)],
    days: UntilOption = MIN_NOTICE_DAYS,
) -> None:
    """Record that the party was told of all the evidence, just now; it may answer until the deadline."""
    digest = sha256(read_text(letter).encode()).hexdigest()
    change = GiveNotice(channel, _deadline(days), digest)
    desk.make(entry, change)


@register_app.command("answer")
@writing
def answer_command(
    desk: Desk,
    entry: EntryArgument,
    *,
    sender: Annotated[str, typer.Option("--from", help="Who answered, for the party.", show_default=False)],
    stance: Annotated[Stance, typer.Option(help="What the answer does.", show_default=False)],
    file: Annotated[Path | None, typer.Option(help="The answer; published word for word.")] = None,
    url: Annotated[str, typer.Option(help="Where the party published it.")] = "",
    digest: Annotated[str, typer.Option(help="With --url: SHA-256 of what is there.")] = "",
) -> None:
    """Record what the party answered. A public entry that is disputed becomes contested at once."""
    text = read_text(file) if file else ""
    change = TakeAnswer(sender, stance, text, url, digest)
    desk.make(entry, change)


def _deadline(days: int) -> int:
    """Return the end of the day (UTC) so many days from now; an hour more, so that a slow machine gives no less."""
    return (int(time.time()) + days * DAY + 3_600) // DAY * DAY + DAY - 1
