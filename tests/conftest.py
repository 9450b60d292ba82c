"""Logs composed once a session, and reports of them."""

from __future__ import annotations

import sys
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


def _compose(factory: pytest.TempPathFactory, scenario: str, *, scale: float, seed: int = 1) -> Traffic:
    out = factory.mktemp("traffic") / scenario
    compose(scenario, out=out, pools=Pools(), scale=scale, seed=seed)
    return Traffic(out)


@pytest.fixture(scope="session")
def evasion(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Compose one campaign of 30 accounts and 600 calls, on step 0 of the ladder, among 700 innocents."""
    return _compose(tmp_path_factory, "evasion", scale=0.1)


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
def evasion_report(session_scanner: Scanner, evasion: Traffic) -> Report:
    return session_scanner(evasion.log, accounts=evasion.accounts, keep_fingerprints=True)


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    return Scanner(tmp_path)
