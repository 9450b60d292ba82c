"""``stillwatch appeal``: reverse an account's standing at once, and have later scans know it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from stillwatch.cli.directory import JsonOption, on_directory, print_rows
from stillwatch.cli.main import app
from stillwatch.errors import NotInDirectoryError
from stillwatch.gateway.admin_log import operating_user
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.times import read_end, show_time

appeal_app = typer.Typer(help="Appeals: grant, revoke, list.", no_args_is_help=True)
app.add_typer(appeal_app, name="appeal")

AccountArgument = Annotated[str, typer.Argument(help="As in the call log.", show_default=False)]
ReasonOption = Annotated[str, typer.Option(help="Why; kept and logged.", show_default=False)]


@appeal_app.command("grant")
@on_directory
def grant_command(
    opened: Directory,
    account: AccountArgument,
    *,
    reason: ReasonOption,
    expires: Annotated[
        str | None, typer.Option("--expires", help="90d, 12h, or a time.", show_default="until revoked")
    ] = None,
) -> None:
    """Let no scan count against an account: within a second no rule sees it in a campaign."""
    now = time.time()
    known = _is_known(opened, account)
    opened.appeals.grant(account, reason=reason, expires_at=read_end(expires, now=now), by=operating_user(), now=now)
    typer.echo(f"Granted the appeal of {account}.")
    if not known:
        typer.echo(f"No account of the directory is called {account!r}: check that call logs name it so.", err=True)


@appeal_app.command("revoke")
@on_directory
def revoke_command(
    opened: Directory,
    account: AccountArgument,
    *,
    reason: ReasonOption,
) -> None:
    """Take a grant back: what scans say counts again."""
    opened.appeals.revoke(account, reason=reason, by=operating_user(), now=time.time())
    typer.echo(f"Took back the grant of {account}.")


@appeal_app.command("list")
@on_directory
def list_command(
    opened: Directory,
    account: Annotated[str | None, typer.Argument(help="Only this account's.", show_default=False)] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List grants, the latest first, with those that ended."""
    now = time.time()
    found = opened.appeals.list(account)
    times = ("granted_at", "expires_at", "revoked_at")
    rows = [
        asdict(a) | {name: show_time(getattr(a, name)) for name in times} | {"in_force": a.is_in_force(now)}
        for a in found
    ]
    print_rows(rows, as_json=as_json, nothing="No appeals were granted.")


def _is_known(opened: Directory, account: str) -> bool:
    try:
        opened.accounts.get(account)
    except NotInDirectoryError:
        return False
    return True
