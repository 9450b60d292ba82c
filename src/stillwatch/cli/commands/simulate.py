"""``stillwatch simulate``: compose labelled traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stillwatch.cli.main import app
from stillwatch.simulate.compose import Summary, compose
from stillwatch.simulate.pools import read_pools
from stillwatch.simulate.rhythm import read_trace
from stillwatch.simulate.scenario import bundled_scenarios


def _show_scenarios(wanted: bool) -> None:  # noqa: FBT001  (Typer hands options over by position)
    if wanted:
        for name, says in bundled_scenarios().items():
            typer.echo(f"{name:20} {says}")
        raise typer.Exit


@app.command(epilog="Bundled scenarios: " + ", ".join(bundled_scenarios()))
def simulate(
    scenario: Annotated[str, typer.Argument(help="Name of a bundled scenario, or path of a .toml file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for calls, accounts and truth.")],
    prompts: Annotated[
        list[Path] | None, typer.Option(help="Parquet file or folder of prompts; may be repeated.")
    ] = None,
    traces: Annotated[Path | None, typer.Option(help="Parquet of real tenants' hourly rates.")] = None,
    scale: Annotated[float, typer.Option(help="Multiplies calls and accounts.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, another composition.", min=0)] = 1,
    ladder: Annotated[int | None, typer.Option(help="Evasion step of every campaign, 0 to 5.", min=0, max=5)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    show: Annotated[  # noqa: ARG001  (the callback does the work)
        bool, typer.Option("--list", is_eager=True, callback=_show_scenarios, help="List the bundled scenarios.")
    ] = False,
) -> None:
    """Compose labelled traffic: campaigns with known members among people and honest heavy use."""
    trace = read_trace(str(traces)) if traces else None
    pools = read_pools(prompts or [], seed=1)
    with _bar() as bar:
        task = bar.add_task("calls", total=None, rate="")

        def show_progress(done: int, total: int) -> None:
            speed = bar.tasks[0].speed or 0
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}/s")

        summary = compose(
            scenario, out=out, pools=pools, scale=scale, seed=seed, ladder=ladder, trace=trace, progress=show_progress
        )
    if as_json:
        typer.echo(orjson.dumps(summary.to_dict()).decode())
    else:
        _print(summary)


def _bar() -> Progress:
    columns = (TextColumn("composing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _print(summary: Summary) -> None:
    table = Table(title=f"{summary.scenario}: {summary.calls:,} calls, {summary.accounts:,} accounts, {summary.out}")
    table.add_column("label")
    table.add_column("accounts", justify="right")
    table.add_column("calls", justify="right")
    for label, counts in summary.labels.items():
        table.add_row(label, f"{counts['accounts']:,}", f"{counts['calls']:,}")
    Console().print(table)
