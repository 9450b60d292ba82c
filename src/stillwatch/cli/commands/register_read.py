"""``stillwatch register``: what reads it: list, show, due."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stillwatch.cli.directory import printable
from stillwatch.cli.register import WHERE, EntryArgument, FolderOption, JsonOption, register_app
from stillwatch.registry.forms import to_json
from stillwatch.registry.records import Record, find_record
from stillwatch.registry.register import open_register
from stillwatch.registry.statuses import Status
from stillwatch.registry.times import iso_date, show_time


@register_app.command("list")
def list_command(
    *,
    status: Annotated[Status | None, typer.Option(help="Only these.", show_default=False)] = None,
    as_json: JsonOption = False,
    folder: FolderOption = WHERE,
) -> None:
    """List the entries, drafts and tombstones too."""
    now = int(time.time())
    rows = [_row(record, now) for record in open_register(folder).records.values()]
    if status is not None:
        rows = [row for row in rows if row["status"] == status.value]
    _print(rows, as_json=as_json, nothing="No entries; begin one: stillwatch register draft FILE")


@register_app.command("due")
def due_command(*, as_json: JsonOption = False, folder: FolderOption = WHERE) -> None:
    """List what waits for somebody: answers awaited, deadlines that passed, reviews, entries that expire soon."""
    now = int(time.time())
    rows = [
        {"entry": record.name, "name": record.entry.entity.name, **waits}
        for record in open_register(folder).records.values()
        if record.entry is not None and (waits := _waits(record, now))
    ]
    _print(sorted(rows, key=lambda row: row["by"]), as_json=as_json, nothing="Nothing waits for anybody.")


@register_app.command("show")
def show_command(entry: EntryArgument, *, as_json: JsonOption = False, folder: FolderOption = WHERE) -> None:
    """Show an entry as it stands and every change of it."""
    record = find_record(open_register(folder).records, entry)
    history = [
        {"index": leaf.index, **(json.loads(leaf.signed.text()) if leaf.signed else {"step": "erased"})}
        for leaf in record.leaves
    ]
    if as_json:
        said = to_json(record.entry) if record.entry else None
        typer.echo(json.dumps({"entry": said, "history": history}, ensure_ascii=False))
        return
    row = _row(record, int(time.time()))
    for name, value in row.items():
        typer.echo(f"{name + ':':<10} {printable(value)}")
    for change in history:
        at = show_time(change.pop("at")) if "at" in change else ""
        head = f"{change.pop('index')}  {at}  {change.pop('step')}  {printable(change.pop('by', ''))}".rstrip()
        typer.echo(head)
        for name, value in change.items():
            typer.echo(f"    {name}: {printable(json.dumps(value, ensure_ascii=False))}")


def _row(record: Record, now: int) -> dict[str, Any]:
    entry = record.entry
    if entry is None:
        return {"entry": record.name, "status": "erased", "name": "", "answer": "", "expires": ""}
    return {
        "entry": record.name,
        "status": entry.status_at(now).value,
        "name": entry.entity.name,
        "answer": entry.answer_at(now),
        "expires": iso_date(entry.expires_at) if entry.expires_at else "",
    }


SOON_DAYS = 60
"""Before an entry expires: a notice of new evidence runs 30 days, and finding it takes as long again."""


def _waits(record: Record, now: int) -> dict[str, Any] | None:
    entry = record.entry
    if entry is None:
        return None
    if entry.status is Status.NOTIFIED:
        sent, by = entry.notices[-1].sent_at, entry.notices[-1].deadline
        heard = now >= by or any(answer.received_at >= sent for answer in entry.answers)
        return {"waits_for": "a reviewer: publish or withdraw" if heard else "the party's answer", "by": iso_date(by)}
    if entry.status is Status.UNDER_REVIEW:
        by = entry.appeals[-1].decide_by
        late = ", which is late" if now > by else ""
        return {"waits_for": f"a reviewer: decide{late}", "by": iso_date(by)}
    if entry.status is Status.CONTESTED:
        return {"waits_for": "a review", "by": iso_date(entry.changed_at)}
    if entry.expires_at and not entry.is_tombstone_at(now) and entry.expires_at - now <= SOON_DAYS * 86_400:
        return {"waits_for": "new evidence, or it expires", "by": iso_date(entry.expires_at)}
    return None


def _print(rows: list[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not rows:
        typer.echo(nothing)
        return
    table = Table()
    for name in rows[0]:
        table.add_column(name.replace("_", " "), no_wrap=name == "entry", overflow="fold")
    for row in rows:
        table.add_row(*(printable(value) for value in row.values()))
    Console(highlight=False, markup=False).print(table)
