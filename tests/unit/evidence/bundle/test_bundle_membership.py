from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bundles import CAMPAIGN, Host, key_calls
from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.membership import find_counted, read_campaign, read_counted_calls, read_json


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host", calls=8)


def test_calls_are_found_in_whatever_file_of_the_vault_they_are(host: Host) -> None:
    host.append(host.entries(range(8, 12)))
    counted = find_counted(host.vault, np.array([1, 3, 9]), key_calls, size=100)
    assert counted.indices == [2, 4, 10]
    assert counted.rows["call_id"].to_pylist() == ["c1", "c3", "c9"]
    assert counted.missing == 0


def test_a_call_logged_twice_counts_once_where_it_is_first(host: Host) -> None:
    host.append(host.entries(range(1, 4)))
    counted = find_counted(host.vault, np.array([1, 3]), key_calls, size=100)
    assert counted.indices == [2, 4]


def test_entries_after_the_checkpoint_are_missing(host: Host) -> None:
    counted = find_counted(host.vault, np.array([1, 7]), key_calls, size=5)
    assert counted.indices == [2]
    assert (counted.reported, counted.missing) == (2, 1)


def test_a_campaign_of_which_nothing_is_logged_is_refused(host: Host) -> None:
    with pytest.raises(EvidenceError, match="append the scanned call log first"):
        find_counted(host.vault, np.array([100]), key_calls, size=100)


def test_only_completed_calls_of_the_campaign_are_wanted(tmp_path: Path) -> None:
    table = pa.table({"campaign": ["a", "a", "b"], "call": [5, 6, 7], "completed": [True, False, True]})
    pq.write_table(table, tmp_path / "campaign_calls.parquet")
    assert read_counted_calls(tmp_path, "a").tolist() == [5]
    with pytest.raises(EvidenceError, match="no completed call of c"):
        read_counted_calls(tmp_path, "c")


def test_a_report_of_an_earlier_version_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="scan again with this version"):
        read_counted_calls(tmp_path, "a")
    (tmp_path / "scan.json").write_text("{")
    with pytest.raises(EvidenceError, match=r"scan.json: not a report's file"):
        read_json(tmp_path / "scan.json")


def test_a_campaign_is_read_by_its_name(host: Host) -> None:
    assert read_campaign(host.report, CAMPAIGN)["accounts"] == 3
