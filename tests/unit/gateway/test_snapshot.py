from pathlib import Path
from typing import Any

import orjson
import pytest

from stillwatch.errors import ReportError
from stillwatch.gateway.snapshot import EMPTY, FILE, Listed, next_snapshot, read_latest, read_listed, write_snapshot

REPORT = Path("/reports/one")
DAY = 86_400.0


def listed(campaign: str, *accounts: str) -> list[Listed]:
    return [Listed(a, campaign, 9.5, {"network": 4.0}, 12.0, 0.8) for a in accounts]


def after(before: dict[str, Any], *found: Listed, now: float = 1_000.0, keep: float = 35 * DAY) -> dict[str, Any]:
    return next_snapshot(before, found, report=REPORT, now=now, keep_seconds=keep)


def test_says_of_each_account_what_the_scan_said() -> None:
    snapshot = after(EMPTY, *listed("C-1", "a", "b"))
    assert snapshot["version"] == 1
    assert snapshot["report"] == "/reports/one"
    assert snapshot["made_at"] == 1_000.0
    assert snapshot["accounts"]["a"] == {
        "campaign": "C-1", "strength_bits": 9.5, "bits": {"network": 4.0}, "match_weight": 12.0, "share": 0.8,
        "since": 1_000.0,
    }  # fmt: skip
    assert snapshot["campaigns"] == {"C-1": {"in_report": "C-1", "accounts": 2}}


def test_a_campaign_that_grew_keeps_its_name_and_its_members_their_date() -> None:
    first = after(EMPTY, *listed("C-1", "a", "b", "c"), now=1_000)
    second = after(first, *listed("C-9", "a", "b", "c", "d", "e", "f", "g"), now=2_000)
    assert {entry["campaign"] for entry in second["accounts"].values()} == {"C-1"}
    assert [second["accounts"][a]["since"] for a in "ad"] == [1_000, 2_000]
    assert second["campaigns"] == {"C-1": {"in_report": "C-9", "accounts": 7}}


def test_strangers_are_another_campaign() -> None:
    first = after(EMPTY, *listed("C-1", "a", "b", "c", "d"))
    second = after(first, *listed("C-2", "d", "x", "y", "z"))
    assert second["accounts"]["x"]["campaign"] == "C-2"


def test_of_two_halves_the_larger_keeps_the_name() -> None:
    first = after(EMPTY, *listed("C-1", *"abcdefgh"))
    second = after(first, *listed("C-2", *"abc"), *listed("C-3", *"defgh"))
    assert {a: e["campaign"] for a, e in second["accounts"].items()} == {
        **dict.fromkeys("abc", "C-2"),
        **dict.fromkeys("defgh", "C-1"),
    }


def test_two_that_became_one_keep_the_larger_s_name() -> None:
    first = after(EMPTY, *listed("C-1", *"abc"), *listed("C-2", *"defgh"))
    second = after(first, *listed("C-3", *"abcdefgh"))
    assert set(second["campaigns"]) == {"C-2"}


def test_a_campaign_that_was_not_listed_for_a_while_comes_back_under_its_name() -> None:
    first = after(EMPTY, *listed("C-1", *"abc"), now=1_000)
    second = after(first, now=2_000)
    assert second["accounts"] == {}
    assert second["former"]["a"] == {"campaign": "C-1", "since": 1_000, "until": 2_000}
    third = after(second, now=3_000)
    assert third["former"]["a"]["until"] == 2_000
    fourth = after(third, *listed("C-5", *"abcd"), now=4_000)
    assert fourth["accounts"]["a"]["campaign"] == "C-1"
    assert fourth["accounts"]["a"]["since"] == 1_000
    assert fourth["former"] == {}


def test_who_was_listed_long_ago_is_forgotten() -> None:
    first = after(EMPTY, *listed("C-1", "a"), now=0.0)
    second = after(first, now=DAY, keep=10 * DAY)
    assert after(second, now=12 * DAY, keep=10 * DAY)["former"] == {}


def test_time_never_goes_back_in_snapshots() -> None:
    first = after(EMPTY, now=5_000)
    assert after(first, now=10.0)["made_at"] > 5_000


def test_is_swapped_whole_and_read_back(tmp_path: Path) -> None:
    assert read_latest(tmp_path / "standing") == EMPTY
    snapshot = after(EMPTY, *listed("C-1", "a"))
    path = write_snapshot(tmp_path / "standing", snapshot)
    assert path.name == FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_latest(tmp_path / "standing") == orjson.loads(orjson.dumps(snapshot))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 2}'])
def test_a_snapshot_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ReportError, match="remove it"):
        read_latest(tmp_path)


def test_a_folder_without_a_report_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not a scan's report"):
        read_listed(tmp_path)
