"""``stillwatch share``: what leaves: export, list, withdraw."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stillwatch.cli.directory import printable
from stillwatch.cli.sharing import (
    STORE,
    JsonOption,
    PurposeOption,
    RecipientOption,
    SenderOption,
    ShareLog,
    StoreOption,
    logged,
    share_app,
)
from stillwatch.errors import SettingsError, SharingError
from stillwatch.evidence.opened import open_log
from stillwatch.registry.reversals import find_reversed, read_entry_file
from stillwatch.sharing.campaigns import read_shared
from stillwatch.sharing.exporter import find_exporter
from stillwatch.sharing.keyed import make_group_key, read_group_key
from stillwatch.sharing.leaving import list_fields, list_withheld
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.nouns import Parcel, Proof, Sender, Tlp
from stillwatch.sharing.outgoing import Draft, digest, draft, send, withdraw
from stillwatch.sharing.publishing import Publisher, withdrawn_everywhere
from stillwatch.sharing.stix_objects import bundle
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers


@share_app.command("export")
@logged
def export_command(
    log: ShareLog,
    report: Annotated[Path, typer.Argument(help="Folder of a scan's report.", show_default=False)],
    *,
    sender: SenderOption,
    format_name: Annotated[str, typer.Option("--format", help="stix, misp, ocsf or csv.")] = "stix",
    campaign: Annotated[
        list[str] | None, typer.Option(help="Only this one; repeatable.", show_default="all of them")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write.", show_default=False)] = None,
    collection: Annotated[
        str, typer.Option(help="Collection of ours to put it into, for `share serve`.", show_default=False)
    ] = "",
    recipient: RecipientOption = "",
    purpose: PurposeOption = "",
    tlp: Annotated[Tlp, typer.Option(help="How far it may be passed on (TLP 2.0).")] = Tlp.AMBER,
    terms: Annotated[str, typer.Option(help="A sentence that binds beyond TLP.", show_default=False)] = "",
    contact: Annotated[str, typer.Option(help="A role's address to write to.", show_default=False)] = "",
    group_key: Annotated[
        Path | None, typer.Option(help="Key of a sharing group: cards and devices leave hashed.", show_default=False)
    ] = None,
    evidence_bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Evidence bundle whose digest to name.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every field that would leave, and stop.")] = False,
    store: StoreOption = STORE,
    as_json: JsonOption = False,
) -> None:
    """Write a report's campaigns for another host: tactics and infrastructure, nothing by which a person is found.

    What leaves is logged first, with recipient, purpose and the ids of the objects.
    """
    now = datetime.now(UTC)
    chosen = read_shared(report, campaign or (), group_key=read_group_key(group_key) if group_key else None, now=now)
    exporter = find_exporter(format_name)
    parcel = Parcel(Sender(sender, contact), chosen, now, tlp, terms, _proof(log.folder, evidence_bundle))
    database = open_sharing(store)
    try:
        ledger = Ledger(database)
        made = draft(parcel, exporter, ledger)
        if dry_run:
            _show(made, parcel, as_json=as_json)
            return
        if out is None and not collection:
            raise SettingsError("share export: name a file or --collection, or look first with --dry-run")
        place = Callers(database).find_collection(collection) if collection else ""
        with log.open() as book:
            data = send(made, parcel, book=book, ledger=ledger, recipient=recipient, purpose=purpose)
        if place:
            Publisher(database, clock=time.time).publish(place, made.objects)
        if out:
            _write(out, data)
    finally:
        database.close()
    typer.echo(f"{len(made.names)} object(s) for {recipient} in {out or collection}; logged in {log.folder}.")


@share_app.command("group-key")
def group_key_command(
    path: Annotated[Path, typer.Argument(help="File of the key; mode 0600.", show_default=False)],
) -> None:
    """Begin a sharing group: make its key, to be given to its members by a safe way; one that is there stays."""
    typer.echo(f"Group key {make_group_key(path).id} in {path}")


@share_app.command("list")
def list_command(*, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """List what left, by campaign, in its latest version."""
    database = open_sharing(store)
    rows = Ledger(database).list()
    database.close()
    if as_json:
        typer.echo(json.dumps([{"campaign": name, "object": made} for name, made in rows]))
        return
    for name, made in rows:
        standing = (
            "withdrawn" if made.get("revoked") else f"until {made['valid_until']}" if "valid_until" in made else ""
        )
        typer.echo(f"{name}  {made['id']}  {made['modified']}  {standing}".rstrip())
    if not rows:
        typer.echo("Nothing was shared.")


@share_app.command("withdraw")
@logged
def withdraw_command(
    log: ShareLog,
    *,
    campaign: Annotated[str, typer.Option(help="As in the report that was shared.", show_default=False)] = "",
    entry: Annotated[
        Path | None,
        typer.Option(
            help="Instead: R-….json of a register; what it took back of ours is withdrawn.", show_default=False
        ),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="With --entry: the register's log keys that you trust.", show_default=False)
    ] = None,
    recipient: RecipientOption,
    purpose: PurposeOption,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="STIX bundle of the revocations.", show_default=False)
    ] = None,
    store: StoreOption = STORE,
) -> None:
    """Take a campaign back (a granted appeal, a mistake): everything that left for it alone is revoked.

    Collections of ours that hold it have the revocations at once, and partners with their next pull.
    """
    if bool(campaign) is (entry is not None) or (entry is None) is not (policy is None):
        raise SettingsError("share withdraw: name a --campaign, or a register's --entry with its --policy")
    taken_back = _find_reversed(entry, policy, log.folder) if entry and policy else [campaign]
    database, now = open_sharing(store), datetime.now(UTC)
    ledger = Ledger(database)
    try:
        if entry:
            taken_back = [name for name in taken_back if ledger.knows(name)]
        gone = []
        for name in taken_back:
            with log.open() as book:
                gone += withdraw(name, book=book, ledger=ledger, recipient=recipient, purpose=purpose, now=now)
        placed = withdrawn_everywhere(ledger, Publisher(database, clock=time.time))
    finally:
        database.close()
    if out:
        _write(out, find_exporter("stix").write([bundle(gone)]))
    typer.echo(f"{len(gone)} object(s) revoked, in {len(placed)} collection(s){f' and {out}' if out else ''}.")


def _find_reversed(entry: Path, policy: Path, evidence: Path) -> list[str]:
    """Return our campaigns among the evidence that a register took back: the log says which its entry is about."""
    ours = open_log(evidence)
    pieces = find_reversed(read_entry_file(entry, policy))
    indices = {p.index for p in pieces if p.origin == ours.keys.origin and p.index is not None}
    said = [json.loads(ours.reader.entry(index)) for index in sorted(indices)]
    if any("campaign" not in one for one in said):
        raise SharingError(f"{entry}: our log does not say which campaign its evidence is of; name it with --campaign")
    return list(dict.fromkeys(str(one["campaign"]) for one in said))


def _proof(evidence: Path, file: Path | None) -> Proof | None:
    """Say which log holds the evidence, if there is one already."""
    if not (evidence / "log").is_dir():
        return None
    checkpoint = open_log(evidence).reader.checkpoint
    return Proof(checkpoint.origin, checkpoint.size, digest(file) if file else "")


def _show(made: Draft, parcel: Parcel, *, as_json: bool) -> None:
    fields, stays = list_fields(made.exporter, made.documents), list_withheld(parcel.campaigns)
    if as_json:
        typer.echo(json.dumps({"leaves": [asdict(f) for f in fields], "stays": stays}))
        return
    console = Console(highlight=False, markup=False)
    table = Table(title=f"Would leave: {len(fields)} fields", show_lines=False)
    for name in ("object", "field", "value", "meaning"):
        table.add_column(name, overflow="fold")
    before = ""
    for one in fields:
        cells = ("" if one.of == before else one.of, one.name, one.value, one.meaning)
        table.add_row(*(printable(cell) for cell in cells))
        before = one.of
    console.print(table)
    kept = Table(title="Stays here")
    for name in ("campaign", "what", "why"):
        kept.add_column(name, overflow="fold")
    for row in stays:
        kept.add_row(*(printable(cell) for cell in row))
    console.print(kept)
    console.print("Nothing left: this was a dry run.")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as problem:
        raise SharingError(f"{path}: cannot be written: {problem.strerror}; choose another --out") from problem
