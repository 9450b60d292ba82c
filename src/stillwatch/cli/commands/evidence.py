"""``stillwatch evidence``: what appends to the log."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from stillwatch.cli.evidence import (
    FOLDER,
    KEY,
    FolderOption,
    JsonOption,
    KeyOption,
    LatticeOption,
    OriginOption,
    PassphraseOption,
    evidence_app,
    open_book,
)
from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.events import Event
from stillwatch.evidence.gateway_notes import append_notes
from stillwatch.ingest.read import find_inputs
from stillwatch.ingest.rejects import Rejects
from stillwatch.recording import AppendedFile, append_findings, append_logs


@evidence_app.command("append")
def append_command(
    logs: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="LOG…", show_default=False)],
    *,
    source: Annotated[
        str | None, typer.Option(help="Format of the logs; guessed where it can be.", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first malformed row.")] = False,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    origin: OriginOption = "",
    ml_dsa: LatticeOption = False,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Append call logs: any that scan reads. Each call goes in once, however often this is repeated.

    The log says hour, model and tokens of each call and commits to the rest; the vault beside it opens that.
    """
    rejects = Rejects(None, strict)
    total = find_inputs(logs, source=source).bytes
    with open_book(folder, key=key, passphrase=passphrase_file, origin=origin, ml_dsa=ml_dsa, create=True) as book:
        with _bar(quiet=as_json) as bar:
            task = bar.add_task("appending", total=total, rate="")

            def tell(read: int, calls: int) -> None:
                seconds = bar.tasks[0].elapsed or 0.0
                bar.update(task, completed=read, rate=f"{calls / seconds:,.0f} calls/s" if seconds else "")

            files = list(
                append_logs(book, logs, rejects=rejects, source=source, on_progress=tell, now=datetime.now(UTC))
            )
        _print_appended(book, files, rejects, as_json=as_json)


@evidence_app.command("report")
def report_command(
    report: Annotated[Path, typer.Argument(help="Folder of a scan's report.", show_default=False)],
    *,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Log the campaigns that a scan found, each once."""
    with open_book(folder, key=key, passphrase=passphrase_file, create=True) as book:
        count = append_findings(book, report)
        typer.echo(f"{count} finding(s) logged; the log has {book.log.size:,} entries.")


@evidence_app.command("notes")
def notes_command(
    files: Annotated[list[Path], typer.Argument(help="Admin log or journal notes.", metavar="FILE…")],
    *,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Log what the gateway noted: decisions, refusals, changes by administrators, appeals."""
    with open_book(folder, key=key, passphrase=passphrase_file, create=True) as book:
        for file in files:
            noted = append_notes(book, file)
            torn = f"; {noted.unreadable:,} line(s) are no notes" if noted.unreadable else ""
            typer.echo(f"{file}: {noted.new:,} new notes{torn}")


@evidence_app.command("heartbeat")
def heartbeat_command(
    beacon: Annotated[str, typer.Argument(help="A public random value, e.g. of drand.", show_default=False)],
    *,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Log a public random value: whatever comes after it was not written before it was known."""
    with open_book(folder, key=key, passphrase=passphrase_file) as book:
        book.append_events([Event("heartbeat", {"beacon": beacon})])


@evidence_app.command("erase")
def erase_command(
    *,
    account: Annotated[str | None, typer.Option(help="Erase all calls of this account.", show_default=False)] = None,
    call: Annotated[str | None, typer.Option(help="Erase the call of this id.", show_default=False)] = None,
    reason: Annotated[str, typer.Option(help="Said aloud in the log: name nobody.", show_default=False)],
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Destroy what opens the calls of an account, or one call, and log that. Proofs stay valid; nothing is undone.

    Copies of the vault, backups among them, have to be erased where they are.
    """
    with open_book(folder, key=key, passphrase=passphrase_file) as book:
        column, value = _one_of(account, call)
        found = book.vault.find(column, value)
        if not found:
            raise EvidenceError(f"{column} {value!r}: nothing of that name can be opened; nothing was erased")
        typer.echo(f"{book.erase(found, reason=reason):,} record(s) can no longer be opened; the log says so.")


@evidence_app.command("rotate")
def rotate_command(
    *,
    folder: FolderOption = FOLDER,
    key: KeyOption = KEY,
    ml_dsa: LatticeOption = False,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Make new signing keys, have old and new ones sign the entry that says so, and remove the old private ones."""
    with open_book(folder, key=key, passphrase=passphrase_file, ml_dsa=ml_dsa) as book:
        book.rotate()
        typer.echo("The log is now signed by:\n" + "\n".join(map(str, book.keys.current)))


def _one_of(account: str | None, call: str | None) -> tuple[str, str]:
    if (account is None) == (call is None):
        raise EvidenceError("name either --account or --call")
    return ("account", account) if account is not None else ("call_id", str(call))


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True, disable=quiet)


def _print_appended(book: Book, files: list[AppendedFile], rejects: Rejects, *, as_json: bool) -> None:
    if as_json:
        rows = [{"path": str(f.path), "known": f.known, **asdict(f.added)} for f in files]
        typer.echo(json.dumps({"files": rows, "rejects": rejects.summary(), "checkpoint": book.log.checkpoint.text}))
        return
    for f in files:
        says = "appended before, skipped" if f.known else f"{f.added.calls:,} calls, {f.added.new:,} of them new"
        typer.echo(f"{f.path}: {says}")
    if rejects.rejected:
        typer.echo(f"{rejects.rejected:,} rows could not be read; the first: {rejects.summary()[0]['first']}", err=True)
    typer.echo(f"The log {book.keys.origin} has {book.log.size:,} entries.")
