"""Logs composed once a session, and reports of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from scan_reports import Report, Scanner, Traffic
from stillwatch.simulate import Pools, compose

# Benchmarks live beside the package, not in it.
sys.path.insert(0, str(Path(__file__).parents[1]))

# The same examples in every run, however busy the machine is: a change is judged by what it did, not by what was drawn.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that one of the workers makes and all of them read; the others wait for it meanwhile."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / name, base / f"{name}.done"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def _compose(factory: pytest.TempPathFactory, scenario: str, *, scale: float, seed: int = 1) -> Traffic:
    def make(folder: Path) -> None:
        compose(scenario, out=folder / scenario, pools=Pools(), scale=scale, seed=seed)

    return Traffic(_once(factory, f"traffic-{scenario}", make) / scenario)


@pytest.fixture(scope="session")
def evasion(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Compose one campaign of 30 accounts and 600 calls, on step 0 of the ladder, among 700 innocents."""
    return _compose(tmp_path_factory, "evasion", scale=0.1)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Compose the incident of ``make demo``, whole."""
    return _compose(tmp_path_factory, "demo", scale=1.0)


@pytest.fixture(scope="session")
def innocents(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    return _compose(tmp_path_factory, "hard-negatives", scale=0.2)


@pytest.fixture(scope="session")
def resellers(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Compose accounts of which 1 to 50 % of the calls are the campaign's."""
    return _compose(tmp_path_factory, "profile-e", scale=0.1, seed=2)


@pytest.fixture(scope="session")
def session_scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    return Scanner(tmp_path_factory.mktemp("scans"))


@pytest.fixture(scope="session")
def evasion_report(tmp_path_factory: pytest.TempPathFactory, evasion: Traffic) -> Report:
    def make(folder: Path) -> None:
        Scanner(folder)(evasion.log, accounts=evasion.accounts, keep_fingerprints=True)

    return Report(_once(tmp_path_factory, "evasion-report", make) / "report-1")


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    return Scanner(tmp_path)
