"""What a bundle brings for a scan to be repeated, and what it keeps back."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from bundles import Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.replay import campaigns_json, check_kept


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host", calls=12)


def keep(host: Host) -> None:
    (host.report / "fingerprints/calls").mkdir(parents=True)
    (host.report / "fingerprints/calls/000.parquet").write_bytes(b"a table")
    (host.report / "fingerprints/accounts.parquet").write_bytes(b"another")


def test_nothing_is_shown_unless_it_is_asked_for(host: Host) -> None:
    keep(host)
    files = Files.of(host.bundle())
    assert not [name for name in files.contents if name.startswith("replay/")]
    kept = files.json("replay.json")["fingerprints"]
    assert kept == {
        "calls/000.parquet": sha256(b"a table").hexdigest(),
        "accounts.parquet": sha256(b"another").hexdigest(),
    }
    assert files.json("claims/coordination.json")["repeatable"] is False


def test_version_settings_and_fingerprints_go_in_without_labels(host: Host) -> None:
    keep(host)
    files = Files.of(host.bundle(fingerprints=True))
    said = files.json("replay.json")
    assert (said["version"], said["settings"], said["shown"]) == ("1", {"without": []}, True)
    assert said["campaigns"] == sha256(files.contents["replay/campaigns.json"]).hexdigest()
    assert said["report"]["campaigns.json"] == sha256((host.report / "campaigns.json").read_bytes()).hexdigest()
    assert files.contents["replay/calls/000.parquet"] == b"a table"
    assert files.contents["replay/accounts.parquet"] == b"another"
    assert b"192.0.2.7" not in files.contents["replay/campaigns.json"]
    assert verify.Verification(host.folder / "bundle.zip").verdicts["coordination"][0] == "NOT VERIFIED"


def test_fingerprints_that_are_shown_to_an_auditor_alone_are_told_by_their_digests(host: Host) -> None:
    keep(host)
    folder, digests = host.report / "fingerprints", Files.of(host.bundle()).json("replay.json")["fingerprints"]
    check_kept(folder, digests)
    (folder / "more").write_bytes(b"")
    with pytest.raises(EvidenceError, match="not the fingerprints that the bundle's scan kept: more"):
        check_kept(folder, digests)
    (folder / "more").unlink()
    (folder / "accounts.parquet").write_bytes(b"other accounts")
    with pytest.raises(EvidenceError, match=r"kept: accounts\.parquet"):
        check_kept(folder, digests)


def test_fingerprints_that_were_not_kept_cannot_be_shown(host: Host) -> None:
    with pytest.raises(EvidenceError, match="scan again with --keep-fingerprints"):
        host.bundle(fingerprints=True)


def test_a_claim_to_be_repeatable_needs_the_fingerprints(host: Host, tmp_path: Path) -> None:
    files = Files.of(host.bundle())
    files.put("claims/coordination.json", files.json("claims/coordination.json") | {"repeatable": True})
    with pytest.raises(verify.Refused, match="no fingerprints to scan again"):
        verify.Verification(files.signed(host.signer).pack(tmp_path / "b.zip"))


def test_campaigns_are_written_as_a_scan_writes_them() -> None:
    campaigns = [{"campaign": "C", "bits": 1.5, "says": "é", "observables": [{"bits": 2.0, "label": "net"}]}]
    campaigns_text = json.dumps(campaigns, indent=1, ensure_ascii=False, sort_keys=False, allow_nan=False) + "\n"
    assert campaigns_json(campaigns) == campaigns_text.replace('"net"', "null").encode()
