"""``stillwatch journal``: the gateway's journal by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from stillwatch.cli.main import app
from stillwatch.errors import JournalError
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.frames import Damage, Kind, decode
from stillwatch.gateway.journal.layout import Layout, State
from stillwatch.gateway.settings import Journal
from stillwatch.settings import KEY_FILE
from stillwatch.store.encrypted import read_encrypted
from stillwatch.store.key import read_or_create_key
from stillwatch.watch.keeping import read_sealed
from stillwatch.watch.sealing import seal

journal = typer.Typer(help="The gateway's journal by hand: seal it, list it, decrypt kept text.", no_args_is_help=True)
app.add_typer(journal, name="journal")

Folder = Annotated[Path, typer.Argument(help="Folder of the journal.", show_default=False)]
KeyFile = Annotated[Path, typer.Option(help="Fingerprint key of this deployment.")]


@journal.command("seal")
def seal_command(
    folder: Folder,
    *,
    key: KeyFile = KEY_FILE,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Keep prompts too, encrypted.")] = False,
) -> None:
    """Seal what is closed: of living workers closed segments, of dead ones everything, calls without an end included.

    A running watch does the same every minute.
    """
    done = seal(Journal(folder=_existing(folder), key_file=key, keep_text=keep_text))
    typer.echo(
        f"{done.calls:,} calls of {done.segments:,} segments sealed, {done.partial:,} of them without an end; "
        f"{done.carried:,} still open; {done.strays:,} ends without a beginning; "
        f"{done.torn_bytes:,} bytes torn off at ends, {done.lost_bytes:,} damaged between records"
    )


@journal.command("recover")
def recover_command(folder: Folder, *, key: KeyFile = KEY_FILE) -> None:
    """Seal everything after a crash, calls without an end included, once no worker lives.

    Exit codes: 0 nothing is left in the write-ahead folder; 2 a worker still writes there, or it cannot be sealed.
    """
    layout = Layout(_existing(folder))
    living = [run for run in layout.runs() if alive.is_held(layout.lock_path(run))]
    if living:
        raise JournalError(f"{folder}: {len(living)} worker(s) still write here; stop the gateway, or use journal seal")
    seal_command(folder, key=key)


@journal.command("list")
def list_command(folder: Folder) -> None:
    """List what is in a journal and what is still to be sealed."""
    layout = Layout(_existing(folder))
    table = Table("file", "calls", "from", "to", "bytes", title=str(folder))
    for kept in read_sealed(layout):
        calls = f"{kept.info.calls:,}"
        table.add_row(kept.path.name, calls, _at(kept.info.first), _at(kept.info.last), f"{kept.path.stat().st_size:,}")
    for segment in layout.segments():
        state = "carried" if segment.state is State.CARRY else "to be sealed"
        if segment.state is State.OPEN and alive.is_held(layout.lock_path(segment.run)):
            state = "being written"
        table.add_row(segment.path.name, state, "", "", f"{segment.path.stat().st_size:,}")
    Console(highlight=False).print(table)


@journal.command("check")
def check_command(folder: Folder) -> None:
    """Read every write-ahead segment and say what is whole, torn and damaged; nothing is changed."""
    layout = Layout(_existing(folder))
    for segment in layout.segments():
        damage = Damage()
        kinds = [frame.kind for frame in decode(segment.path.read_bytes(), damage)]
        typer.echo(
            f"{segment.path.name}: {kinds.count(Kind.ADMIT):,} admitted, {kinds.count(Kind.FINISH):,} finished, "
            f"{damage.torn_bytes:,} bytes torn, {damage.lost_bytes:,} damaged"
        )


@journal.command("text")
def text_command(
    file: Annotated[Path, typer.Argument(help="A file of the journal's folder text/.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Where to write the call log, unencrypted.", show_default=False)],
    key: KeyFile = KEY_FILE,
) -> None:
    """Decrypt kept text into a call log (Parquet) that only you can read; it holds prompts: remove it after use."""
    table = read_encrypted(file, key=read_or_create_key(key), name=file.name.removesuffix(".parquet.enc"))
    if out.exists():
        raise JournalError(f"{out}: exists; choose another --out")
    out.touch(mode=0o600)
    pq.write_table(table, out, compression="zstd")
    typer.echo(f"{len(table):,} calls with their prompts in {out}")


def _existing(folder: Path) -> Path:
    if not (folder / "wal").is_dir():
        raise JournalError(f"{folder}: no journal here; name the folder that [journal] in the gateway's settings names")
    return folder


def _at(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(sep=" ", timespec="seconds")[:-6] if micros else ""
