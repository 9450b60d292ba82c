"""``stillwatch policy``: check rules, and see what they would have done before they do anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stillwatch.cli.main import app
from stillwatch.gateway.nouns import Mode
from stillwatch.gateway.rules import read_rules
from stillwatch.rehearsal import Rehearsal, rehearse

policy = typer.Typer(help="Check rules, and replay them over last month before they do anything.", no_args_is_help=True)
app.add_typer(policy, name="policy")

Json = dict[str, Any]
RulesFile = Annotated[Path, typer.Argument(help="The rules' TOML file.", metavar="RULES", show_default=False)]


@policy.command("check")
def check_command(rules: RulesFile) -> None:
    """Check a rules file and say what it does. Exit codes: 0 it is right; 2 it is not, every fault is listed."""
    known = read_rules(rules)
    acting = sum(rule.mode is Mode.ENFORCE for rule in known.rules)
    typer.echo(f"{rules}: {len(known.rules)} rules, {acting} enforced, the others in shadow; version {known.version}")


@policy.command("replay")
def replay_command(
    rules: RulesFile,
    logs: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="LOG…", show_default=False)],
    *,
    report: Annotated[Path, typer.Option(help="What scan --out wrote about these logs.", show_default=False)],
    accounts: Annotated[
        Path | None, typer.Option(help="Accounts table: Parquet, CSV or JSON lines.", show_default=False)
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="TOML file with [[models]] and their prices.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Format of the logs; guessed where it can be.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for replay.json, accounts.parquet and replay.html.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
) -> None:
    """Tell what rules would have done to whom, had they been enforced over these logs. Nothing is done to anybody.

    Exit codes: 0 replayed, whatever came out; 2 wrong input or use; 130 interrupted.
    """
    wanted = Rehearsal(rules, logs, report, accounts=accounts, prices=prices, source=source)
    columns = (TextColumn("replaying"), BarColumn(), TextColumn("{task.fields[calls]}"), TimeElapsedColumn())
    err = Console(stderr=True, highlight=False)
    with Progress(*columns, console=err, transient=True, disable=as_json) as bar:
        task = bar.add_task("", total=None, calls="")

        def tell(share: float | None, calls: int) -> None:
            bar.update(task, total=1.0 if share is not None else None, completed=share or 0.0, calls=f"{calls:,} calls")

        summary = rehearse(wanted, out=out, progress=tell)
    if as_json:
        typer.echo(orjson.dumps(summary).decode())
        return
    console = Console(highlight=False)
    _print(summary, console)
    if out is not None:
        console.print(f"Page: {out / 'replay.html'}", soft_wrap=True)


def _print(summary: Json, console: Console) -> None:
    everything, touched = summary["all"], summary["touched"]
    console.print(_by_rule(summary))
    console.print(_by_verification(summary))
    for group, who in (("campaigns", "in campaigns"), ("innocents", "in no campaign")):
        one, whole = touched[group], everything[group]
        console.print(
            f"Accounts {who}: {one['accounts']:,} of {whole['accounts']:,} touched, {one['calls']:,} of"
            f" {whole['calls']:,} calls" + (f", {one['forgone']:,.2f} of revenue forgone" if summary["priced"] else "")
        )
    for note in summary["notes"]:
        console.print(f"- {note}")


def _by_rule(summary: Json) -> Table:
    table = Table(title="Had every rule been enforced", caption="inn.: accounts in no campaign")
    table.add_column("rule", overflow="fold")
    for name in ("accounts", "calls", "inn.", "inn. calls"):
        table.add_column(name, justify="right")
    if summary["priced"]:
        table.add_column("forgone", justify="right")
    for rule in summary["by_rule"]:
        campaigns, innocents = rule["campaigns"], rule["innocents"]
        cells = [f"{rule['rule']}\n  {rule['action']}, {rule['mode']}"]
        cells += [f"{g[k]:,}" for g in (campaigns, innocents) for k in ("accounts", "calls")]
        if summary["priced"]:
            cells.append(f"{campaigns['forgone'] + innocents['forgone']:,.2f}")
        table.add_row(*cells)
    return table


def _by_verification(summary: Json) -> Table:
    table = Table(title="By verification, all rules together")
    table.add_column("verification")
    for name in ("accounts", "touched", "inn. touched", "tokens withheld"):
        table.add_column(name, justify="right")
    for line in summary["by_verification"]:
        campaigns, innocents = line["campaigns"], line["innocents"]
        table.add_row(
            line["verification"],
            f"{line['all']['accounts']:,}",
            f"{campaigns['accounts']:,}",
            f"{innocents['accounts']:,}",
            f"{campaigns['withheld_tokens'] + innocents['withheld_tokens']:,.0f}",
        )
    return table
