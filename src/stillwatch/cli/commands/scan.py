"""``stillwatch scan``: logs in, campaigns out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from stillwatch.app import Progress, ScanResult, scan
from stillwatch.cli.main import app
from stillwatch.cli.passphrase import PassphraseOption
from stillwatch.report.scan import NO_TEXT, left_out
from stillwatch.settings import KEY_FILE, MEMORY_GIB, MIN_STRENGTH_BITS, THREADS, ScanSettings


@app.command("scan")
def scan_command(
    logs: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="LOG…", show_default=False)],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for the report; an earlier report there is replaced.", show_default=False)
    ],
    accounts: Annotated[
        Path | None, typer.Option(help="Accounts table: Parquet, CSV or JSON lines.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Format of the logs; guessed where it can be.", show_default=False)
    ] = None,
    key: Annotated[Path, typer.Option(help="Fingerprint key of this deployment; made at first use.")] = KEY_FILE,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave out a family of signals; repeatable.", show_default=False)
    ] = None,
    min_strength: Annotated[float, typer.Option(help="Bits the weaker answer needs to be listed.")] = MIN_STRENGTH_BITS,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Show real text in the report's samples.")] = False,
    keep_fingerprints: Annotated[
        bool, typer.Option("--keep-fingerprints", help="Keep what the scan computed with, so that it can be repeated.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first malformed row.")] = False,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = THREADS,
    memory: Annotated[float, typer.Option(help="GiB the engine may hold before it spills to disk.")] = MEMORY_GIB,
    partners: Annotated[
        str | None,
        typer.Option(help="Database that `share pull` filled: one more family of evidence.", show_default=False),
    ] = None,
    group_key: Annotated[
        Path | None, typer.Option(help="Key of the sharing group, for others' cards and devices.", show_default=False)
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Log what was found in the evidence log of this folder.", show_default=False)
    ] = None,
    passphrase_file: PassphraseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    """Find distillation campaigns in call logs and write a report.

    Exit codes: 0 the scan was made, whatever it found; 2 wrong input or use, or none of the rows could be read; 130
    interrupted, no report is left.
    """
    settings = ScanSettings(
        key_file=key,
        threads=threads,
        memory_gib=memory,
        min_strength_bits=min_strength,
        without=frozenset(without or ()),
        keep_text=keep_text,
        keep_fingerprints=keep_fingerprints,
        strict=strict,
        partners=partners,
        group_key=group_key,
    )
    err = Console(stderr=True, highlight=False)
    with Bar(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn(),
        console=err, transient=True, disable=as_json,
    ) as bar:  # fmt: skip
        task = bar.add_task("reading", total=None, rate="")

        def tell(step: str, share: float | None, calls: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{calls / elapsed:,.0f} calls/s" if calls and elapsed else ""
            bar.update(
                task, description=step, total=1.0 if share is not None else None, completed=share or 0.0, rate=rate
            )

        result = scan(logs, out=out, settings=settings, accounts=accounts, source=source, progress=Progress(tell))
    if evidence:
        logged = _log_findings(evidence, result.folder, key=key, passphrase=passphrase_file)
        err.print(f"{logged} new finding(s) in the evidence log {evidence}", soft_wrap=True)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "report": str(result.folder),
                    "scan": result.scan,
                    "campaigns": result.campaigns,
                    "tenants": result.tenants,
                    "operators": result.operators,
                    "seconds": result.seconds,
                }
            )
        )
    else:
        _print(result, Console(highlight=False))
    if not result.scan["calls"] and left_out(result.scan):
        raise typer.Exit(2)  # for a job that looks at nothing else: this was not a scan that found nothing


def _log_findings(evidence: Path, report: Path, *, key: Path, passphrase: Path | None) -> int:
    # A scan that logs nothing must not wait for the libraries of the evidence log.
    from stillwatch.cli.evidence import open_book  # noqa: PLC0415
    from stillwatch.recording import append_findings  # noqa: PLC0415

    with open_book(evidence, key=key, passphrase=passphrase, create=True) as book:
        return append_findings(book, report)


def _print(result: ScanResult, console: Console) -> None:
    seconds = sum(result.seconds.values())
    rejected = sum(r["count"] for r in result.scan["rejects"])
    console.print(
        f"Scanned {result.scan['calls']:,} calls of {result.scan['accounts']:,} accounts in {seconds:.1f} s"
        + (f"; {rejected:,} rows rejected or doubtful (see {result.folder / 'rejects.jsonl'})" if rejected else "")
    )
    if not result.scan["calls"]:
        console.print("No call could be read, so nothing was looked at.")
    elif not result.scan["calls_with_text"]:
        console.print(f"{NO_TEXT} Name the column of the prompts, or the format with --source.")
    elif not result.campaigns:
        console.print("No campaign found.")
    else:
        console.print(_table(result))
    if result.tenants:
        console.print(f"{len(result.tenants)} single tenant(s) with extraction-like use, listed apart in the report.")
    if result.operators:
        console.print(
            f"{len(result.operators)} group(s) with one operator and no extraction, listed apart in the report."
        )
    console.print(f"Report: {result.folder / 'report.html'}", soft_wrap=True)


def _table(result: ScanResult) -> Table:
    """Seven narrow columns: the table is whole on a terminal of 80 characters."""
    table = Table(title=f"{len(result.campaigns)} campaign(s)")
    for name, number in (
        ("campaign", False),
        ("accounts", True),
        ("calls", True),
        ("from, to", False),
        ("after", False),
        ("bits", True),
        ("alarms", True),
    ):
        # A campaign's name is copied from here: it is shown whole however narrow the terminal.
        justify: Literal["left", "right"] = "right" if number else "left"
        table.add_column(name, justify=justify, no_wrap=name in {"campaign", "from, to"}, overflow="fold")
    for c in result.campaigns:
        table.add_row(
            c["campaign"],
            f"{c['accounts']:,}",
            f"{c['calls']:,}",
            f"{c['first_call_at'][:10]}\n{c['last_call_at'][:10]}",
            c["objective"],
            f"{c['strength_bits']:.1f}",
            f"<{c['false_alarm_rate']:.2g}",
        )
    table.caption = "bits: the weaker of both answers, odds to the base 2; alarms: false ones expected in a scan"
    return table
