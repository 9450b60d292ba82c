"""``stillwatch keys``: issue, rotate, revoke and list callers' keys."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from stillwatch.cli.directory import JsonOption, on_directory, print_rows
from stillwatch.cli.main import app
from stillwatch.errors import SettingsError
from stillwatch.gateway.admin_log import operating_user
from stillwatch.gateway.directory.credential import Credential
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.times import read_end, read_seconds, show_time

keys_app = typer.Typer(help="Callers' keys: issue, rotate, revoke, list.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

ExpiresOption = Annotated[
    str | None, typer.Option("--expires", help="90d, 12h, or 2026-12-31T00:00:00Z.", show_default="never")
]


@keys_app.command("issue")
@on_directory
def issue_command(
    opened: Directory,
    account: Annotated[str, typer.Argument(help="Whose key; add the account first.", show_default=False)],
    *,
    label: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    expires: ExpiresOption = None,
) -> None:
    """Issue a key and print it, once: only a salted hash is kept."""
    now = time.time()
    made = opened.keys.issue(account, label=label, expires_at=read_end(expires, now=now), by=operating_user(), now=now)
    _print_once(made)


@keys_app.command("rotate")
@on_directory
def rotate_command(
    opened: Directory,
    key: Annotated[str, typer.Argument(help="sw- and 12 characters.", show_default=False)],
    *,
    grace: Annotated[str, typer.Option(help="How long the old key goes on: 30m, 24h, 7d, 0s.")] = "24h",
    expires: Annotated[
        str | None, typer.Option("--expires", help="90d, 12h, or a time.", show_default="as long as the old one")
    ] = None,
) -> None:
    """Issue a successor and print it, once; the old key goes on for a grace period."""
    now = time.time()
    made = opened.keys.rotate(
        key, grace_seconds=read_seconds(grace), expires_at=read_end(expires, now=now), by=operating_user(), now=now
    )
    _print_once(made)


@keys_app.command("revoke")
@on_directory
def revoke_command(
    opened: Directory,
    key: Annotated[str | None, typer.Argument(help="sw- and 12 characters.", show_default=False)] = None,
    *,
    account: Annotated[str | None, typer.Option(help="Revoke all keys of an account.", show_default=False)] = None,
) -> None:
    """Revoke a key, or all keys of an account: within a second no worker takes them."""
    if (key is None) == (account is None):
        raise SettingsError("keys revoke: name one key, or --account NAME for all of an account's")
    if key is not None:
        done = opened.keys.revoke(key, by=operating_user(), now=time.time())
        typer.echo(f"{done.key} of {done.account} is revoked.")
    if account is not None:
        count = opened.keys.revoke_account(account, by=operating_user(), now=time.time())
        typer.echo(f"{count} key(s) of {account} revoked.")


@keys_app.command("list")
@on_directory
def list_command(
    opened: Directory,
    account: Annotated[str | None, typer.Argument(help="Only this account's.", show_default=False)] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List keys, never their secrets."""
    now = time.time()
    found = opened.keys.list(account)
    times = ("created_at", "expires_at", "revoked_at")
    rows = [asdict(k) | {name: show_time(getattr(k, name)) for name in times} | {"state": k.state(now)} for k in found]
    print_rows(rows, as_json=as_json, nothing="No keys; issue one: stillwatch keys issue ACCOUNT")


def _print_once(made: Credential) -> None:
    """Print the credential alone on standard output, so that a script can take it."""
    typer.echo(made.text)
    typer.echo("Shown once: hand it over now.", err=True)
