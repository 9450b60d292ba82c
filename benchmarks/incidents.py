"""Labelled traffic from ``stillwatch simulate``, composed once per case, seed and pool of prompts."""

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
QUICK = 0.2
"""What ``--quick`` makes of every size: campaigns of 30 to 200 accounts, seconds a scan."""

SCALES = {
    "profile-a": 0.25,
    "profile-b": 0.1,
    "profile-c": 0.1,
    "profile-d": 0.1,
    "profile-e": 0.3,
    "pool-change": 1.0,
    "two-in-one-proxy-pool": 1.0,
    "probe-then-scale": 1.0,
    "mixed-ladder": 1.0,
    "hard-negatives": 1.0,
    "innocent": 0.5,
}
"""Part of each scenario that is composed: about 30,000 to 130,000 calls, so that all of it takes minutes."""

PROFILES = tuple(name for name in SCALES if name not in {"hard-negatives", "innocent"})
INNOCENTS = "hard-negatives"
HISTORY = "innocent"
STEPS = range(6)
LADDER = tuple(f"evasion-{step}" for step in STEPS)
CONTAMINATED = {f"harvest-{percent}": percent / 100 for percent in (1, 5, 10, 25)}
"""Share of the campaign in the calls of each of its accounts, by case."""

_CONTAMINATED = """description = "A reseller's accounts: this share of each one's calls is harvest, the rest customers'"
start = 2026-05-11T00:00:00Z
days = 14
include = "hard-negatives"
include_scale = 0.5

[[block]]
kind = "reseller"
campaign = "E"
accounts = 300
calls = 30000
spread = 0.2
templates = 2
languages = ["en"]
share_low = {share}
share_high = {share}
"""
"""About 100 calls an account: the smaller window size of the published test (arXiv 2606.05725)."""


@dataclass(frozen=True)
class Incident:
    """One composed log with its accounts and its truth."""

    case: str
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


def arguments(case: str, folder: Path) -> tuple[str | Path, float, tuple[str, ...]]:
    """Return what ``simulate`` is told for a case: the scenario, its scale, and further options.

    A case is a bundled scenario of SCALES, ``evasion-N`` (the ladder's step N) or one of CONTAMINATED, whose scenario
    file is written into the folder.
    """
    if case in CONTAMINATED:
        file = folder / f"{case}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_CONTAMINATED.format(share=CONTAMINATED[case]))
        return file, 1.0, ()
    if case in LADDER:
        return "evasion", 1.0, ("--ladder", case.removeprefix("evasion-"))
    return case, SCALES[case], ()


def compose(case: str, *, seed: int, shared: bool = True, quick: bool = False) -> Incident:
    """Compose a case, or find it composed; with the public pools, where they are, or the package's prompts."""
    shared = shared and SHARED.exists()
    name = f"{case}-s{seed}-{'shared' if shared else 'own'}-{'quick' if quick else 'full'}"
    folder = DATA / "incidents" / name
    if not (folder / "truth.parquet").exists():
        shutil.rmtree(folder, ignore_errors=True)
        scenario, scale, options = arguments(case, DATA / "scenarios")
        pools = ("--prompts", SHARED) if shared else ()
        size = ("--scale", str(scale * QUICK if quick else scale))
        stillwatch("simulate", scenario, "--seed", str(seed), *pools, *size, *options, "--out", folder)
    return Incident(case, seed, folder)


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
