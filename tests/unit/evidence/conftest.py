"""A host with a log, a bundle of it, and the bundle's files, for the tests of the verifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundles import BEACON, Files, Host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    host = Host(tmp_path_factory.mktemp("host"), calls=24)
    host.fix_list()
    return host


@pytest.fixture(scope="module")
def bundle(host: Host) -> Path:
    return host.bundle(beacon=BEACON, disclose=frozenset({"account", "call_id"}))


@pytest.fixture
def files(bundle: Path) -> Files:
    return Files.of(bundle)
