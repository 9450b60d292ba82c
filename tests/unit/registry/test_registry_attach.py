"""Bundles as evidence."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from bundles import Host
from stillwatch.errors import RegistryError
from stillwatch.registry.attach import attach_bundle


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), 20)


def test_a_bundle_is_named_by_its_digest_and_its_place_in_the_log(host: Host) -> None:
    path = host.bundle()
    made = attach_bundle(path, provider="P", shows="A template.")
    assert made.bundle == sha256(path.read_bytes()).hexdigest()
    assert (made.origin, made.index) == ("example.com/log", 2)
    assert made.verdicts["volume"] == "VERIFIED"
    assert made.verdicts["log key"] == "NOT VERIFIED"
    trusted = attach_bundle(path, provider="P", shows="A template.", policy=host.policy())
    assert trusted.verdicts["log key"] == "VERIFIED"


def test_the_place_is_that_of_the_host_s_note_where_there_is_one(tmp_path: Path) -> None:
    host = Host(tmp_path, 20)
    host.fix_list()
    made = attach_bundle(host.bundle(), provider="P", shows="A template.")
    assert made.index == 21


def test_a_bundle_that_does_not_hold_is_no_evidence(host: Host, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(host.bundle().read_bytes()[:-1])
    for path in (broken, tmp_path / "nowhere.zip"):
        with pytest.raises(RegistryError, match="refused"):
            attach_bundle(path, provider="P", shows="x")
