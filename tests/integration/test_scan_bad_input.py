"""Input that nobody would write on purpose: a clear message, or a report that counts it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scan_reports import Report, Scanner, Traffic, only, replace_column
from stillwatch.errors import SourceError
from stillwatch.records import MEMBERS

START = datetime(2026, 6, 1, tzinfo=UTC)


def call(number: int, **others: Any) -> dict[str, Any]:
    at = START + timedelta(minutes=number)
    return {
        "call_id": f"c{number}",
        "account": f"a{number % 7}",
        "started_at": at.isoformat(),
        "model": "m",
        "prompt": f"What is {number} plus one?",
        **others,
    }


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.fixture
def scan_bytes(scanner: Scanner) -> Callable[..., Report]:
    def go(raw: bytes, name: str = "calls.jsonl", **settings: Any) -> Report:
        (scanner.folder / name).write_bytes(raw)
        return scanner(scanner.folder / name, **settings)

    return go


ScanBytes = Callable[..., Report]
ORDINARY = [call(i) for i in range(20)]
WHOLE = parquet(pa.Table.from_pylist(ORDINARY))


def test_a_missing_log_is_named(scanner: Scanner) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.parquet: no such file or folder"):
        scanner(scanner.folder / "nowhere.parquet")


def test_an_empty_folder_is_refused(scanner: Scanner) -> None:
    (scanner.folder / "logs").mkdir()
    with pytest.raises(SourceError, match=r"logs: no log in this folder"):
        scanner(scanner.folder / "logs")


@pytest.mark.parametrize("raw", [WHOLE[:-30], WHOLE[:40], WHOLE[:200] + WHOLE[300:]], ids=["footer", "head", "middle"])
def test_damaged_parquet_is_refused_and_leaves_nothing(scanner: Scanner, scan_bytes: ScanBytes, raw: bytes) -> None:
    with pytest.raises(SourceError, match=r"calls\.parquet: .*copy it again"):
        scan_bytes(raw, "calls.parquet")
    assert {p.name for p in scanner.folder.iterdir()} == {"key", "calls.parquet"}


def test_parquet_without_the_required_columns_is_refused(scan_bytes: ScanBytes) -> None:
    with pytest.raises(SourceError, match=r"no column started_at, model"):
        scan_bytes(parquet(pa.table({"call_id": ["1"], "account": ["a"]})), "calls.parquet")


def test_columns_of_wrong_types_are_read_where_they_can_be(scan_bytes: ScanBytes) -> None:
    table = pa.table(
        {
            "call_id": [1, 2],
            "account": [10, 20],
            "started_at": pa.array(["2026-06-01T00:00:00Z", "2026-06-02T00:00:00+02:00"]),
            "model": pa.array(["m", "m"]).dictionary_encode(),
            "temperature": ["0.5", "hot"],
            "output_tokens": [1.0, 2.0],
        }
    )
    report = scan_bytes(parquet(table), "calls.parquet")
    assert report.scan["calls"] == 2
    (warning,) = report.scan["rejects"]
    assert (warning["kind"], warning["count"], warning["warning"]) == ("value not understood", 1, True)
    assert warning["first"].endswith("temperature is 'hot', not a number; taken as unknown")
    assert report.members()["account"].to_pylist() == ["10", "20"]


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"started_at": "yesterday"}, "wrong started_at"),
        ({"account": {"id": 1}}, "wrong account"),
        ({"account": ""}, "no account"),
        ({"model": None}, "no model"),
    ],
)
def test_a_wrong_row_is_left_out_counted_and_written_down(
    scan_bytes: ScanBytes, wrong: dict[str, Any], kind: str
) -> None:
    report = scan_bytes(lines([*ORDINARY, call(20, **wrong)]))
    assert report.scan["calls"] == len(ORDINARY)
    assert report.rejects() == {kind: 1}
    assert [json.loads(line)["line"] for line in report.raw("rejects.jsonl").splitlines()] == [21]


def test_strict_stops_at_the_first_wrong_row_and_leaves_nothing(scanner: Scanner, scan_bytes: ScanBytes) -> None:
    with pytest.raises(SourceError, match=r"calls\.jsonl:2: account is empty.*--strict"):
        scan_bytes(lines([call(1), call(2, account=""), call(3)]), strict=True)
    assert {p.name for p in scanner.folder.iterdir()} == {"key", "calls.jsonl"}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (parquet(pa.Table.from_pylist(ORDINARY).slice(0, 0)), "calls.parquet"),
        (b"", "calls.jsonl"),
        (lines([call(i, account="") for i in range(5)]), "calls.jsonl"),
        (b"<html>Gateway timeout</html>", "calls.jsonl"),
    ],
    ids=["no rows", "no bytes", "all rejected", "no log"],
)
def test_a_log_without_a_call_gives_an_empty_report(scan_bytes: ScanBytes, raw: bytes, name: str) -> None:
    report = scan_bytes(raw, name)
    assert report.campaigns == []
    assert report.json("tenants.json") == []
    assert report.scan["calls"] == report.scan["accounts"] == 0
    assert report.scan["first_call_at"] is None
    assert len(report.members()) == 0
    assert report.members().schema.equals(MEMBERS.schema)
    assert b"</html>" in report.raw("report.html")


@pytest.mark.parametrize(
    "prompt",
    ["word and " * 1_200_000, "x" * 10_000_000, "a\0b\0", "a \ud800 b", "\u202eevil\u202c", "\U0001d518" * 100],
    ids=["10 MB of words", "10 MB word", "NUL", "lone surrogate", "direction", "astral"],
)
def test_strange_text_is_a_call_like_another(scan_bytes: ScanBytes, prompt: str) -> None:
    report = scan_bytes(lines([*ORDINARY, call(20, prompt=prompt)]))
    assert report.scan["calls"] == len(ORDINARY) + 1
    assert sum(row["calls"] for row in report.members().to_pylist()) == len(ORDINARY) + 1


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "<script>alert(1)</script>", "../../etc/passwd", "名前", " "])
def test_an_account_is_called_what_the_log_calls_it(scan_bytes: ScanBytes, name: str) -> None:
    report = scan_bytes(lines([*ORDINARY, call(20, account=name)]))
    assert name in report.members()["account"].to_pylist()


def test_clocks_of_1970_and_2100_are_counted_and_kept(scanner: Scanner, evasion: Traffic) -> None:
    calls, members = evasion.calls(), evasion.members()
    mine = [row for row, account in enumerate(calls["account"].to_pylist()) if account in members]
    times = calls["started_at"].to_pylist()
    times[mine[0]], times[mine[5]] = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    report = scanner.tables(replace_column(calls, "started_at", times), evasion.account_table())
    assert report.rejects() == {"odd clock": 2}
    assert report.scan["calls"] == len(calls)
    assert len(report.accused() & members) >= 0.9 * len(members)
    assert report.scan["first_call_at"] == "1970-01-01T00:00:00Z"
    assert report.scan["last_call_at"] == "2100-01-01T00:00:00Z"


def test_a_call_logged_many_times_counts_once(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    calls = evasion.calls()
    again = calls.take(pa.array(np.random.default_rng(1).integers(0, len(calls), 500)))
    report = scanner.tables(pa.concat_tables([again, calls, again]), evasion.account_table())
    assert report.scan["calls"] == len(calls)
    assert report.accused() == evasion_report.accused()
    assert report.raw("members.parquet") == evasion_report.raw("members.parquet")


def test_which_of_two_calls_with_one_id_counts_does_not_depend_on_their_order(scan_bytes: ScanBytes) -> None:
    rows = [*ORDINARY, call(3, account="late", started_at="2026-06-02T00:00:00Z"), call(3, account="twin")]
    seen = [scan_bytes(lines(order)).members().to_pylist() for order in (rows, rows[::-1], rows[5:] + rows[:5])]
    assert seen[0] == seen[1] == seen[2]
    assert "late" not in {row["account"] for row in seen[0]}


def test_one_account_with_all_calls_is_no_campaign(scanner: Scanner, evasion: Traffic) -> None:
    calls = only(evasion.calls(), evasion.members())
    report = scanner.tables(replace_column(calls, "account", ["everyone"] * len(calls)))
    assert report.campaigns == []
    assert report.members()["calls"].to_pylist() == [len(calls)]


def test_two_hundred_thousand_accounts_with_a_call_each(scanner: Scanner) -> None:
    size = 200_000
    table = pa.table(
        {
            "call_id": [f"c{i}" for i in range(size)],
            "account": [f"a{i}" for i in range(size)],
            "started_at": pa.array(np.arange(size) * 6_000_000 + 1_780_000_000_000_000, pa.timestamp("us", tz="UTC")),
            "model": ["m"] * size,
            "prompt": [f"Please think step by step and solve number {i}." for i in range(size)],
        }
    )
    report = scanner.tables(table)
    assert report.scan["accounts"] == size
    assert report.campaigns == []


@pytest.mark.parametrize(
    ("raw", "rejects"),
    [
        (b"account,organization,created_at\na1,o,2026-01-01\na1,p,2026-02-01\n", {"account listed twice": 1}),
        (b"account\na1\na2\n", {}),
        (b"", {}),
        (b"account,created_at\na1,some day\na2,2026-01-01\n", {"value not understood": 1}),
        (b"account,plan\n,free\nstranger,pro\n", {"wrong account row": 1}),
    ],
    ids=["duplicate", "one column", "empty", "wrong time", "no name"],
)
def test_accounts_tables_with_faults_are_counted(
    scanner: Scanner, scan_bytes: ScanBytes, raw: bytes, rejects: dict[str, int]
) -> None:
    (scanner.folder / "accounts.csv").write_bytes(raw)
    report = scan_bytes(lines(ORDINARY), accounts=scanner.folder / "accounts.csv")
    assert report.scan["calls"] == len(ORDINARY)
    assert report.rejects() == rejects


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"name,organization\na,b\n", r"no column account; it has name, organization"),
        (WHOLE[:-30], r"accounts\.csv: "),
        (b'[{"account": "a"}, 5]', r"accounts\.csv:2: not a JSON object"),
    ],
    ids=["no account", "damaged", "no object"],
)
def test_an_accounts_table_that_is_none_is_refused(
    scanner: Scanner, scan_bytes: ScanBytes, raw: bytes, says: str
) -> None:
    (scanner.folder / "accounts.csv").write_bytes(raw)
    with pytest.raises(SourceError, match=says):
        scan_bytes(lines(ORDINARY), accounts=scanner.folder / "accounts.csv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom file modes bind")
def test_an_unreadable_log_is_refused(scanner: Scanner, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_bytes(lines(ORDINARY))
    log.chmod(0)
    with pytest.raises(SourceError, match=r"calls\.jsonl: cannot be read: .*ask for read permission"):
        scanner(log)


def test_a_socket_or_pipe_is_refused(scanner: Scanner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(SourceError, match=r"pipe\.jsonl: not a regular file"):
        scanner(tmp_path / "pipe.jsonl")


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": "hot"},
        {"output_tokens": 2.5},
        {"output_tokens": "many"},
        {"stream": "perhaps"},
        {"client_asn": "AS12x"},
    ],
)
def test_a_caller_cannot_hide_a_call_behind_a_senseless_setting(scan_bytes: ScanBytes, wrong: dict[str, Any]) -> None:
    report = scan_bytes(lines([*ORDINARY, call(20, **wrong)]))
    assert report.scan["calls"] == len(ORDINARY) + 1
    assert [r["kind"] for r in report.scan["rejects"]] == ["value not understood"]
    with pytest.raises(SourceError, match=r"21: .*; taken as unknown.*--strict"):
        scan_bytes(lines([*ORDINARY, call(20, **wrong)]), strict=True)


def test_an_asn_may_have_its_prefix(scan_bytes: ScanBytes) -> None:
    report = scan_bytes(lines([*ORDINARY, call(20, client_asn="AS64500")]))
    assert not report.scan["rejects"]


def test_a_log_without_any_text_says_that_the_scan_is_void(scan_bytes: ScanBytes) -> None:
    report = scan_bytes(lines([call(i, prompt=None, messages=None, system=None) for i in range(5)]))
    assert report.scan["calls_with_text"] == 0
    assert b"This scan is void" in report.raw("report.html")
