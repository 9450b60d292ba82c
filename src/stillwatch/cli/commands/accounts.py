"""``stillwatch accounts``: who may hold keys; import and export as ``scan`` reads them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.directory import JsonOption, on_directory, print_rows
from stillwatch.cli.main import app
from stillwatch.errors import SettingsError
from stillwatch.gateway.admin_log import operating_user
from stillwatch.gateway.directory.export import export_accounts
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.times import read_datetime
from stillwatch.ingest.accounts import read_accounts
from stillwatch.records import ACCOUNTS

accounts_app = typer.Typer(help="Accounts: add, set, remove, list, import, export.", no_args_is_help=True)
app.add_typer(accounts_app, name="accounts")

AccountArgument = Annotated[str, typer.Argument(help="Its name.", show_default=False)]
ValueOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help=f"Repeatable; no value forgets one. Columns: {', '.join(c.name for c in ACCOUNTS.columns[1:])}.",
        metavar="COLUMN=VALUE",
        show_default=False,
    ),
]
PlanOption = Annotated[str | None, typer.Option(help="What is paid for.", show_default=False)]
OrganizationOption = Annotated[str | None, typer.Option(help="Declared common owner.", show_default=False)]
VerificationOption = Annotated[
    str | None, typer.Option(help="none, education, startup, research or kyc.", show_default=False)
]


@accounts_app.command("add")
@on_directory
def add_command(
    opened: Directory,
    account: AccountArgument,
    *,
    plan: PlanOption = None,
    organization: OrganizationOption = None,
    verification: VerificationOption = None,
    values: ValueOption = None,
) -> None:
    """Add an account."""
    given = _values(values, plan=plan, organization=organization, verification=verification)
    opened.accounts.add(account, given, by=operating_user(), now=time.time())
    typer.echo(f"Added {account}; give it a key: stillwatch keys issue {account}")


@accounts_app.command("set")
@on_directory
def set_command(
    opened: Directory,
    account: AccountArgument,
    *,
    plan: PlanOption = None,
    organization: OrganizationOption = None,
    verification: VerificationOption = None,
    values: ValueOption = None,
) -> None:
    """Change an account; within a second it counts on every worker."""
    given = _values(values, plan=plan, organization=organization, verification=verification)
    if not given:
        raise SettingsError("accounts set: nothing to set; name --plan, --organization, --verification or --set")
    opened.accounts.set(account, given, by=operating_user(), now=time.time())
    typer.echo(f"Set {', '.join(sorted(given))} of {account}.")


@accounts_app.command("remove")
@on_directory
def remove_command(opened: Directory, account: AccountArgument) -> None:
    """Forget an account and revoke its keys."""
    opened.accounts.remove(account, by=operating_user(), now=time.time())
    typer.echo(f"Removed {account}; its keys are revoked.")


@accounts_app.command("list")
@on_directory
def list_command(
    opened: Directory,
    *,
    after: Annotated[str, typer.Option(help="Only names after this one.", show_default=False)] = "",
    most: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List accounts in the order of their names."""
    rows = opened.accounts.list(after=after, most=most)
    shown = [row | {"created_at": row["created_at"] and f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}"} for row in rows]
    print_rows(shown, as_json=as_json, nothing="No accounts; add one: stillwatch accounts add NAME")


@accounts_app.command("export")
@on_directory
def export_command(
    opened: Directory,
    out: Annotated[Path, typer.Argument(help="File to write: .parquet or .csv.", show_default=False)],
) -> None:
    """Write every account as the accounts table of ``scan``, readable by its owner only."""
    if out.suffix not in {".parquet", ".csv"}:
        raise SettingsError(f"{out}: choose a name that ends in .parquet or .csv")
    count = export_accounts(opened, out)
    typer.echo(f"Wrote {count:,} account(s) to {out}")


@accounts_app.command("import")
@on_directory
def import_command(
    opened: Directory,
    file: Annotated[Path, typer.Argument(help="Parquet, CSV or JSON lines, as scan reads it.", show_default=False)],
) -> None:
    """Add or replace the accounts of a file, all or none of them. Accounts that it does not name stay as they are."""
    table = read_accounts(file)
    count = opened.accounts.put_table(table, by=operating_user(), now=time.time())
    typer.echo(f"Imported {count:,} account(s).")


def _values(given: list[str] | None, **named: str | None) -> dict[str, object]:
    values: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"--set {text}: write COLUMN=VALUE")
        values[name] = (read_datetime(value) if name == "created_at" else value) if value else None
    return values
