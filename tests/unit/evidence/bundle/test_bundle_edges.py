from __future__ import annotations

from pathlib import Path

import pytest

from bundles import OBSERVABLE, write_report
from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.edges import edges_of
from stillwatch.evidence.bundle.membership import read_campaign
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms

NAMES = Pseudonyms(bytes(32))


def test_holders_are_counted_among_the_listed_accounts_only(tmp_path: Path) -> None:
    report = write_report(tmp_path / "report", [1])
    campaign = read_campaign(report, "C-0123456789ab")
    text, observables = edges_of(report, campaign, ["member-2", "member-0"], NAMES)
    name = NAMES.observable("address", f"{OBSERVABLE:016x}")
    assert text == f"account,signal,observable\n0,address,{name}\n1,address,{name}\n"
    assert observables == [
        {
            "signal": "address",
            "family": "network",
            "observable": name,
            "held_by": 2,
            "as_weighed": {"holders": 3, "holders_elsewhere": 1, "bits": 4.0},
        }
    ]


def test_an_observable_that_no_listed_account_holds_is_left_out(tmp_path: Path) -> None:
    report = write_report(tmp_path / "report", [1])
    campaign = read_campaign(report, "C-0123456789ab")
    assert edges_of(report, campaign, ["nobody"], NAMES) == ("account,signal,observable\n", [])


def test_a_report_without_sightings_is_named(tmp_path: Path) -> None:
    report = write_report(tmp_path / "report", [1])
    (report / "sightings.parquet").unlink()
    with pytest.raises(EvidenceError, match=r"sightings.parquet: not a report's file"):
        edges_of(report, read_campaign(report, "C-0123456789ab"), [], NAMES)
