"""Labelled traffic from ``stillwatch simulate``, composed once per scenario, seed and pool of prompts."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.machine import DATA, ROOT
from benchmarks.metrics import Truth
from benchmarks.programs import stillwatch
from benchmarks.traffic import Traffic

SHARED = Path(os.environ.get("STILLWATCH_SHARED_DATA", ROOT.parent / "shared" / "data"))

PROFILES = ("profile-a", "profile-b", "profile-c", "profile-d", "profile-e", "two-in-one-pool", "pool-change")
LADDER = tuple(f"ladder-{step}" for step in range(6))
INNOCENT = "innocent"


@dataclass(frozen=True)
class Incident:
    """One composed log with its accounts and its truth."""

    scenario: str
    seed: int
    folder: Path

    @property
    def log(self) -> Path:
        """Where the calls are."""
        return self.folder / "calls.parquet"

    @property
    def accounts(self) -> Path:
        """Where the accounts are."""
        return self.folder / "accounts.parquet"

    @cached_property
    def traffic(self) -> Traffic:
        """The log as the peers read it."""
        return Traffic(pq.read_table(self.log), pq.read_table(self.accounts))

    @cached_property
    def truth(self) -> Truth:
        """What was planted."""
        return read_truth(self.folder)


def compose(scenario: str, *, seed: int, shared: bool = True, quick: bool = False) -> Incident:
    """Compose a scenario, or find it composed; with the public pools or the package's prompts."""
    shared = shared and SHARED.exists()
    size = "quick" if quick else "full"
    folder = DATA / "incidents" / f"{scenario}-{seed}-{'shared' if shared else 'own'}-{size}"
    if not (folder / "truth.parquet").exists():
        shutil.rmtree(folder, ignore_errors=True)
        pools = ("--prompts", SHARED) if shared else ()
        scale = ("--scale", "0.25") if quick else ()
        stillwatch("simulate", scenario, "--seed", str(seed), *pools, *scale, "--out", folder)
    return Incident(scenario, seed, folder)


def read_truth(folder: Path) -> Truth:
    """Read what ``stillwatch simulate`` says it planted."""
    members: dict[str, set[str]] = defaultdict(set)
    innocent = {}
    for row in pq.read_table(folder / "truth.parquet").to_pylist():
        if row["campaign"] is None:
            innocent[row["account"]] = row["label"]
        else:
            members[row["campaign"]].add(row["account"])
    calls = Counter(pq.read_table(folder / "truth_calls.parquet")["campaign"].to_pylist())
    return Truth({c: frozenset(m) for c, m in members.items()}, {c: calls[c] for c in members}, innocent)
