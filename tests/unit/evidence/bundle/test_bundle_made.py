from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from bundles import CAMPAIGN, Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.made import read_made


def test_what_was_made_is_read_back(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=8)
    path = host.bundle()
    made = read_made(path)
    assert (made.campaign, made.size) == (CAMPAIGN, 9)
    assert list(made.indices) == [2, 4, 6, 8]
    assert made.calls_sha256 == sha256(Files.of(path).contents["calls.csv"]).hexdigest()
    assert made.key_commitment == host.recorded().pseudonyms.commitment


def test_what_does_not_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"no zip")
    with pytest.raises(EvidenceError, match=r"b.zip: the bundle is refused"):
        read_made(tmp_path / "b.zip")
