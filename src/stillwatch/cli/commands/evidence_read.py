"""``stillwatch evidence``: what reads the log: check, serve, prove, receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from stillwatch.cli.evidence import FOLDER, FolderOption, evidence_app
from stillwatch.errors import EvidenceError
from stillwatch.evidence.checking import check_log, check_openings, remember_checked
from stillwatch.evidence.opened import open_log
from stillwatch.evidence.receipts import make_receipt
from stillwatch.evidence.serve import PublicLog

OutOption = Annotated[Path | None, typer.Option("-o", "--out", help="File to write.", show_default="standard output")]


@evidence_app.command("check")
def check_command(
    *,
    folder: FolderOption = FOLDER,
    openings: Annotated[bool, typer.Option("--openings", help="Also that the vault opens every entry.")] = False,
) -> None:
    """Rehash every entry and every tile, and compare them with the root that was signed.

    Exit codes: 0 all of it holds; 2 something does not, which is named.
    """
    log = open_log(folder)
    size = log.reader.checkpoint.size
    with _bar() as bar:
        task = bar.add_task("rehashing", total=size, rate="")
        check_log(log.reader, on_progress=lambda done: bar.update(task, completed=done, rate=_rate(bar, done)))
    remember_checked(folder / "log", size)
    typer.echo(f"{log.keys.origin}: all {size:,} entries and their tiles lead to the signed root.")
    if openings:
        typer.echo(f"The vault opens {check_openings(log.reader, log.vault):,} entries, each as it was committed to.")


@evidence_app.command("serve")
def serve_command(
    *,
    folder: FolderOption = FOLDER,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
) -> None:
    """Serve the public part of the log over HTTP, read-only (C2SP tlog-tiles)."""
    log = open_log(folder)
    typer.echo(f"{log.keys.origin} on http://{host}:{port}/checkpoint", err=True)
    uvicorn.run(
        PublicLog(folder / "log/public"),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
    )


@evidence_app.command("prove")
def prove_command(
    index: Annotated[int, typer.Argument(help="Index of an entry.", show_default=False)],
    *,
    folder: FolderOption = FOLDER,
    out: OutOption = None,
) -> None:
    """Write the proof that an entry is in the log, as a C2SP tlog-proof."""
    _write(open_log(folder).proof(index).encode(), out)


@evidence_app.command("receipt")
def receipt_command(
    *,
    account: Annotated[str | None, typer.Option(help="All calls of this account.", show_default=False)] = None,
    call: Annotated[str | None, typer.Option(help="The call of this id.", show_default=False)] = None,
    folder: FolderOption = FOLDER,
    out: OutOption = None,
) -> None:
    """Write an account holder's own calls, opened, with proof of each: check it with verify receipt."""
    if (account is None) == (call is None):
        raise EvidenceError("name either --account or --call")
    log = open_log(folder)
    found = log.vault.find("call_id", str(call)) if account is None else log.vault.find("account", account)
    _write(make_receipt(log, found), out)


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        typer.echo(data.decode(), nl=False)
        return
    try:
        out.write_bytes(data)
    except OSError as problem:
        raise EvidenceError(f"{out}: cannot be written: {problem.strerror}") from problem


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)


def _rate(bar: Progress, done: int) -> str:
    seconds = bar.tasks[0].elapsed or 0.0
    return f"{done / seconds:,.0f} entries/s" if seconds else ""
