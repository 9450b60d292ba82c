"""The fingerprints of a scan, kept beside its report so that whoever has them can repeat it, without the key.

    fingerprints/calls/000.parquet …   the table of ``records.CALLS``, the columns that the scan read
    fingerprints/accounts.parquet      the accounts table in keyed integers, if there was one
    fingerprints/partners.parquet      what partners said to look for, in keyed integers, if anything

No text, no name, no address: only what is computed with. The values are the ones that the scan computed with, for a
campaign's name, its samples and the order of drawing come from them.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.detect.partners import Watched
from stillwatch.detect.scanned import Scanned
from stillwatch.errors import ReportError

FOLDER, CALLS, ACCOUNTS, PARTNERS = "fingerprints", "calls", "accounts.parquet", "partners.parquet"


def keep_fingerprints(report: Path, scanned: Scanned) -> None:
    """Move what a scan computed with into the report's folder."""
    folder = report / FOLDER
    folder.mkdir()
    scanned.calls.rename(folder / CALLS)
    if scanned.accounts is not None and scanned.keyed is not None:
        # How an account was verified is a word of five, no name: campaigns.json counts them.
        table = scanned.keyed.append_column("verification", scanned.accounts["verification"])
        pq.write_table(table, folder / ACCOUNTS, compression="zstd")
    if scanned.watched:
        rows = [asdict(w) for w in scanned.watched]
        pq.write_table(pa.Table.from_pylist(rows), folder / PARTNERS, compression="zstd")


def read_kept(folder: Path) -> Scanned:
    """Return what was kept in a folder. Raises ReportError where it holds no fingerprints."""
    if not list((folder / CALLS).glob("*.parquet")):
        raise ReportError(f"{folder}: holds no fingerprints; scan with --keep-fingerprints")
    watched = _read_watched(folder / PARTNERS)
    path = folder / ACCOUNTS
    if not path.exists():
        return Scanned(folder / CALLS, None, None, {}, watched)
    try:
        table = pq.read_table(path)
        known = table.select(["verification", "organization"])
        return Scanned(folder / CALLS, known, table.drop_columns("verification"), {}, watched)
    except (OSError, pa.ArrowInvalid, KeyError) as problem:
        raise ReportError(f"{path}: no accounts' fingerprints: {problem}") from None


def _read_watched(path: Path) -> tuple[Watched, ...]:
    if not path.exists():
        return ()
    try:
        return tuple(Watched(**row) for row in pq.read_table(path).to_pylist())
    except (OSError, pa.ArrowInvalid, TypeError) as problem:
        raise ReportError(f"{path}: not what partners said: {problem}") from None
