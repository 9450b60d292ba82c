"""What a scan computed with is kept without names, and read back."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.kept import keep_fingerprints, read_kept
from stillwatch.detect.partners import Watched
from stillwatch.detect.scanned import Scanned
from stillwatch.errors import ReportError

KNOWN = pa.table({"account": ["Ada", "Bob"], "organization": ["Acme", None], "verification": ["kyc", None]})
KEYED = pa.table({"account": [7, 9], "created_hour": [1, 2], "organization": pa.array([5, None], pa.int64())})


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "work/calls").mkdir(parents=True)
    pq.write_table(pa.table({"call": [1, 2]}), tmp_path / "work/calls/000.parquet")
    (tmp_path / "report").mkdir()
    return tmp_path / "report"


def kept(report: Path, accounts: pa.Table | None, keyed: pa.Table | None) -> Scanned:
    keep_fingerprints(report, Scanned(report.parent / "work/calls", accounts, keyed, {7: "Ada"}))
    return read_kept(report / "fingerprints")


def test_what_is_kept_is_what_was_computed_with(report: Path) -> None:
    found = kept(report, KNOWN, KEYED)
    assert pq.read_table(found.calls)["call"].to_pylist() == [1, 2]
    assert found.keyed == KEYED
    assert found.accounts is not None
    assert found.accounts["verification"].to_pylist() == ["kyc", None]


def test_no_name_is_kept(report: Path) -> None:
    found = kept(report, KNOWN, KEYED)
    assert found.names == {}
    assert found.accounts is not None
    assert found.accounts.column_names == ["verification", "organization"]
    assert found.accounts["organization"].to_pylist() == [5, None], "owners are told apart by key"


def test_a_scan_without_accounts_is_kept_without_them(report: Path) -> None:
    found = kept(report, None, None)
    assert (found.accounts, found.keyed) == (None, None)


def test_what_partners_said_is_kept_for_whoever_repeats_the_scan(report: Path) -> None:
    watched = (Watched("prefix", -5, 0.5), Watched("cues", 3, 0.85))
    keep_fingerprints(report, Scanned(report.parent / "work/calls", None, None, {}, watched))
    assert read_kept(report / "fingerprints").watched == watched
    (report / "fingerprints/partners.parquet").write_bytes(b"x")
    with pytest.raises(ReportError, match="not what partners said"):
        read_kept(report / "fingerprints")


def test_a_folder_without_fingerprints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="scan with --keep-fingerprints"):
        read_kept(tmp_path)


@pytest.mark.parametrize("table", [b"no table", None])
def test_accounts_that_are_none_are_refused(report: Path, table: bytes | None) -> None:
    kept(report, KNOWN, KEYED)
    path = report / "fingerprints/accounts.parquet"
    if table is None:
        pq.write_table(pa.table({"account": [1]}), path)
    else:
        path.write_bytes(table)
    with pytest.raises(ReportError, match=r"accounts.parquet: no accounts' fingerprints"):
        read_kept(report / "fingerprints")
