"""``stillwatch watch``: scans beside a running gateway."""

from __future__ import annotations

import logging
import signal
from dataclasses import fields, replace
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from rich.console import Console

from stillwatch.cli.main import app
from stillwatch.gateway.admin_log import admin_log_of
from stillwatch.gateway.read_settings import read_settings
from stillwatch.gateway.settings import DATA, GatewaySettings, Journal
from stillwatch.settings import KEY_FILE, MEMORY_GIB, MIN_STRENGTH_BITS, THREADS, EvidenceSettings, ScanSettings
from stillwatch.watch.rounds import Round, WatchSettings, watch


@app.command("watch")
def watch_command(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The gateway's TOML file: its [journal], [evidence], standing and directory count; accounts come from "
            "the directory at each round unless --accounts names others.",
            show_default=False,
        ),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Folder of the gateway's journal.", show_default=str(Journal.folder))
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report; replaced at every scan.")] = DATA / "report",
    standing: Annotated[
        Path | None, typer.Option(help="Folder for what the gateway reads.", show_default=str(GatewaySettings.standing))
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(help="Accounts table: Parquet, CSV or JSON lines.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Fingerprint key of this deployment; made at first use.", show_default=str(KEY_FILE)),
    ] = None,
    every: Annotated[float, typer.Option(help="Seconds from one round to the next.")] = 60.0,
    days: Annotated[int, typer.Option(help="Scan the calls of so many days.")] = 7,
    keep_days: Annotated[
        int | None, typer.Option(help="Remove sealed segments after so many days.", show_default=str(Journal.keep_days))
    ] = None,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Keep prompts too, encrypted, as long.")] = False,
    min_strength: Annotated[float, typer.Option(help="Bits the weaker answer needs to be listed.")] = MIN_STRENGTH_BITS,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = THREADS,
    memory: Annotated[float, typer.Option(help="GiB the engine may hold before it spills to disk.")] = MEMORY_GIB,
    partners: Annotated[
        str | None, typer.Option(help="Database that `share pull` filled, for scans.", show_default=False)
    ] = None,
    group_key: Annotated[Path | None, typer.Option(help="Key of the sharing group.", show_default=False)] = None,
    once: Annotated[bool, typer.Option("--once", help="One round, then end: for cron.")] = False,
) -> None:
    """Seal the gateway's journal, scan what arrived, and tell the gateway how accounts stand; again and again.

    Exit codes: 0 stopped by SIGINT or SIGTERM, or done with --once; 2 wrong use, or another watch is running.
    """
    told = read_settings(config) if config else GatewaySettings()
    given: dict[str, Any] = {"folder": journal, "key_file": key, "keep_days": keep_days, "keep_text": keep_text or None}
    recorded = replace(told.journal, **{name: value for name, value in given.items() if value is not None})
    settings = WatchSettings(
        journal=recorded,
        standing=standing or told.standing,
        report=out,
        accounts=accounts,
        directory_url=told.directory_url if config and accounts is None else None,
        evidence=_evidence(told, recorded),
        admin_log=admin_log_of(told) if config else None,
        days=days,
        every_seconds=every,
        scan=ScanSettings(
            key_file=recorded.key_file,
            threads=threads,
            memory_gib=memory,
            min_strength_bits=min_strength,
            partners=partners,
            group_key=group_key,
        ),
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    console = Console(stderr=True, highlight=False)
    stop = Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        watch(
            settings, wait=lambda seconds: once or stop.wait(seconds), tell=lambda done: _tell(done, console, once=once)
        )
    except KeyboardInterrupt:
        # Whatever it was doing is done again by the next watch: sealing, report and snapshot are each swapped whole.
        console.print("stopped")


def _evidence(told: GatewaySettings, journal: Journal) -> EvidenceSettings | None:
    """Return the evidence log that the settings name; it shares the journal's key."""
    if told.evidence is None:
        return None
    said = {f.name: getattr(told.evidence, f.name) for f in fields(EvidenceSettings) if f.name != "key_file"}
    return EvidenceSettings(key_file=journal.key_file, **said)


def _tell(done: Round, console: Console, *, once: bool) -> None:
    if done.scanned:
        console.print(f"{done.sealed:,} calls sealed; {done.campaigns} campaign(s), {done.accounts:,} accounts listed")
    elif done.sealed:
        console.print(f"{done.sealed:,} calls sealed; nothing to scan")
    elif once:
        console.print("nothing new to seal: a gateway closes files after [journal] segment_seconds (60 unless set)")
    if done.logged:
        console.print(f"{done.logged:,} new entries in the evidence log")
