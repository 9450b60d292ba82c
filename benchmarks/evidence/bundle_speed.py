"""How long a bundle of the largest kind takes: made from a log of 16,550,000 entries, and checked by ``verify.py``.

    python benchmarks/evidence/bundle_speed.py [--calls 3400000] [--log 16550000] [--folder DIR]

The February 2026 reports name 16,550,000 exchanges in three campaigns; the middle one has 3,400,000 of them, here of
800 accounts ("hundreds"), spread evenly over the log, which is the worst case for the proof. The campaign's entries
are real; the others are short, which changes no proof. Prints sizes, CPU seconds and peak memory as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.evidence import verify
from stillwatch.evidence.bundle.make import Recorded, Wanted, make_bundle
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.commitments import SEED_BYTES
from stillwatch.evidence.entries import CallEntry, call_entries
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.vault import FIELDS, SCHEMA, Vault
from stillwatch.records import CALL_LOG, CAMPAIGN_CALLS

CAMPAIGN = "C-0123456789ab"
ACCOUNTS = 800
BATCH = 1 << 16
FIRST_HOUR = 490_000
KEY = bytes(range(32))
WITH_PEAK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
"""
"""Runs a script and then tells its peak memory; ``getrusage`` would count what this process had when it forked."""


def keyed(ids: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Key a call id: its number here, which is what the report lists."""
    return np.array([int(i[5:]) for i in ids.to_pylist()], np.int64)


def batch_of(numbers: np.ndarray[Any, Any]) -> pa.RecordBatch:
    """Compose calls of these numbers."""
    rows = len(numbers)
    columns = {
        "call_id": pa.array([f"call-{n:012d}" for n in numbers], pa.large_string()),
        "account": pa.array([f"account-{n * 7919 % ACCOUNTS}" for n in numbers], pa.large_string()),
        "started_at": pa.array((FIRST_HOUR * 3600 + numbers) * 1_000_000, pa.int64()).cast(pa.timestamp("us", "UTC")),
        "model": pa.array(["model-large"] * rows, pa.large_string()),
        "prompt": pa.array([f"prompt {n}" for n in numbers], pa.large_string()),
        "client_address": pa.array([f"203.0.113.{n % 250}" for n in numbers], pa.large_string()),
        "operation": pa.array(["chat"] * rows, pa.large_string()),
        "input_tokens": pa.array(numbers % 900, pa.int64()),
        "output_tokens": pa.array(numbers % 3000, pa.int64()),
        "status": pa.array([200] * rows, pa.int64()),
    }
    for name in CALL_LOG.schema.names:
        columns.setdefault(name, pa.nulls(rows, CALL_LOG.schema.field(name).type))
    return pa.record_batch(columns)


def build(folder: Path, *, calls: int, size: int) -> Recorded:
    """Write the log and the vault."""
    signer = new_signer("log.example.com/2026", Algorithm.ED25519)
    random = np.random.default_rng(1)
    mine = np.sort(random.choice(size, calls, replace=False))
    is_mine = np.zeros(size, bool)
    is_mine[mine] = True
    vault = Vault(folder / "vault")
    vault.folder.mkdir(parents=True)
    with Log(folder / "log", [signer], clock=lambda: 1_770_000_000) as log:
        for first in range(0, size, BATCH):
            here = is_mine[first : first + BATCH]
            indices = first + np.flatnonzero(here)
            made = list(call_entries(batch_of(np.searchsorted(mine, indices)), os.urandom(SEED_BYTES * len(indices))))
            entries = [b'{"kind":"other","n":%d,"v":1}' % i for i in range(first, first + len(here))]
            for at, call in zip(indices - first, made, strict=True):
                entries[at] = call.entry
            log.append(entries)
            write_vault(vault, indices, made)
        reader, note = log.reader(), log.note
    write_report(folder / "report", calls)
    pseudonyms = Pseudonyms.of(KEY, CAMPAIGN)
    return Recorded(reader, note, vault, signer, [signer.verifier], pseudonyms, keyed)


def write_vault(vault: Vault, indices: np.ndarray[Any, Any], calls: list[CallEntry]) -> None:
    """Write a vault file of entries that are not neighbours."""
    columns: dict[str, pa.Array] = {
        "index": pa.array(indices, pa.int64()),
        "call_key": pa.array([bytes(16)] * len(calls), pa.binary(16)),
        "seed": pa.array([c.seed for c in calls], pa.binary(32)),
    }
    for name in FIELDS:
        columns[name] = pa.array([c.private.get(name) for c in calls], SCHEMA.field(name).type)
    pq.write_table(pa.table(columns, schema=SCHEMA), vault.folder / f"{indices[0]:020d}.parquet", compression="zstd")


def write_report(folder: Path, calls: int) -> None:
    """Write the least of a report that a bundle is made from."""
    folder.mkdir()
    answer = {"bits": 12.0, "prior_bits": -8.0, "evidence": {}}
    campaign = {
        "campaign": CAMPAIGN, "accounts": ACCOUNTS, "calls": calls, "exchanges": calls, "coordination": answer,
        "distillation": answer | {"evidence": {"content": {"bits": 9.0, "findings": []}}},
        "objectives": {"reasoning": 1.0}, "objective": "reasoning",
        "false_alarm_rate": 0.009, "false_alarm_says": "", "observables": [], "otherwise": [],
    }  # fmt: skip
    (folder / "campaigns.json").write_text(json.dumps([campaign]))
    (folder / "scan.json").write_text(json.dumps({"version": "", "settings": {}}))
    table = pa.table({"campaign": [CAMPAIGN] * calls, "call": np.arange(calls), "completed": [True] * calls})
    pq.write_table(table.cast(CAMPAIGN_CALLS.schema), folder / "campaign_calls.parquet")
    none = pa.table({"account": [""], "signal": [""], "observable": [0]})
    for name in ("members.parquet", "sightings.parquet"):
        pq.write_table(none, folder / name)


def cpu() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def check(bundle: Path) -> dict[str, object]:
    """Run ``verify.py`` as a stranger would and return what it used."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-I", "-c", WITH_PEAK, verify.__file__, str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "exit_code": done.returncode,
        "cpu_seconds": round(seconds, 1),
        "wall_seconds": round(time.monotonic() - began, 1),
        "peak_mib": int(done.stderr.split()[-2]) // 1024,
        "said": done.stdout.splitlines()[:5],
    }


def main() -> None:
    """Build, bundle, verify, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3_400_000)
    parser.add_argument("--log", type=int, default=16_550_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    for found in measure(given.folder, calls=given.calls, size=given.log):
        print(json.dumps(found, indent=1), flush=True)


def measure(where: Path | None, *, calls: int, size: int) -> Iterator[dict[str, Any]]:
    """Make and check the bundle with all entries, then with a sample of them; yield what each took."""
    with tempfile.TemporaryDirectory(dir=where) as work:
        folder = Path(work)
        recorded = build(folder, calls=calls, size=size)
        built = cpu()
        for whole in (True, False):
            bundle = folder / "bundle.zip"
            beacon = sha256(b"a public value").hexdigest()
            make_bundle(Wanted(folder / "report", CAMPAIGN, whole=whole, beacon=beacon), recorded, bundle)
            made = {"make_cpu_seconds": round(cpu() - built, 1), "mib": round(bundle.stat().st_size / 2**20, 1)}
            built = cpu()
            yield {"leaves": "all" if whole else "sample", **made, **check(bundle)}


if __name__ == "__main__":
    main()
