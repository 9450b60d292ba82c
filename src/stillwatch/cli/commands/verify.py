"""``stillwatch verify``: check what others hand over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.main import app
from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import VerifierKey
from stillwatch.evidence.receipts import Receipt, verify_receipt

verify_app = typer.Typer(help="Check what others hand over.", no_args_is_help=True)
app.add_typer(verify_app, name="verify")

PROVES = """\
This proves that the log's operator recorded these values, under a checkpoint of {size:,} entries.
It does not prove that they are true, that nothing else was recorded, or when: for that, compare the
checkpoint with one that witnesses cosigned."""


@verify_app.callback()
def verify() -> None:
    """Check what others hand over."""


@verify_app.command("receipt")
def receipt_command(
    file: Annotated[Path, typer.Argument(help="A receipt.", show_default=False)],
    *,
    vkey: Annotated[
        list[str] | None,
        typer.Option(help="The log's key, from elsewhere than the receipt; repeatable.", show_default=False),
    ] = None,
) -> None:
    """Check a receipt: signature, proof and openings of each call.

    Exit codes: 0 all of it holds; 2 something does not, which is named.
    """
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise EvidenceError(f"{file}: cannot be read: {problem.strerror}") from problem
    receipt = verify_receipt(data, [VerifierKey.parse(v) for v in vkey or ()])
    _print(receipt, given=bool(vkey))


def _print(receipt: Receipt, *, given: bool) -> None:
    for call in receipt.calls:
        typer.echo(f"entry {call.index}: " + _json(call.public | {"private": call.private}))
        if call.closed:
            typer.echo(f"  not opened: {', '.join(call.closed)}")
    typer.echo(f"{len(receipt.calls):,} call(s) of the log {receipt.checkpoint.origin} hold.")
    whose = "that you gave" if given else "in the receipt itself: compare them with what the operator publishes"
    typer.echo(f"Checked with the key(s) {whose}:")
    for key in receipt.keys:
        typer.echo(f"  {key}")
    typer.echo(PROVES.format(size=receipt.checkpoint.size))


def _json(value: object) -> str:
    """Write a value so that no character of it moves the cursor or turns the text around."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)
