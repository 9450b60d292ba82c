"""One input, one key and one set of settings give one report: whatever the order, the packing, the country."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scan_reports import KEY, Report, Scanner, Traffic, only, replace_column
from stillwatch.detect.describe import campaign_id
from stillwatch.detect.find import Findings, find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.fingerprint_log import fingerprint_log
from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.records import CALLS, LANGUAGES
from stillwatch.store.engine import Engine

TABLES = (
    "campaigns.json",
    "members.parquet",
    "campaign_calls.parquet",
    "sightings.parquet",
    "tenants.json",
    "operators.json",
)


def assert_same(one: Report, other: Report, *, html: bool = True) -> None:
    assert one.campaigns, "nothing was found, so nothing is compared"
    for name in (*TABLES, "report.html") if html else TABLES:
        assert one.raw(name) == other.raw(name), name


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(seed).permutation(len(table))))


def test_rows_in_any_order_give_the_same_report(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    report = scanner.tables(shuffled(evasion.calls(), 1), shuffled(evasion.account_table(), 2))
    assert_same(report, evasion_report)


def test_several_files_give_the_same_tables(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    folder = scanner.folder / "logs"
    (folder / "day").mkdir(parents=True)
    calls = shuffled(evasion.calls(), 3)
    pq.write_table(calls.slice(0, 700), folder / "b.parquet")
    pq.write_table(calls.slice(700, 5_000), folder / "day" / "a.parquet", compression="zstd")
    pq.write_table(calls.slice(5_700), folder / "c.parquet", row_group_size=999)
    assert_same(scanner(folder, accounts=evasion.accounts), evasion_report, html=False)


def test_threads_and_batches_change_nothing(
    scanner: Scanner, evasion: Traffic, evasion_report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.app.BATCH_ROWS", 1_013)
    assert_same(scanner(evasion.log, accounts=evasion.accounts, threads=1, memory_gib=0.5), evasion_report)


def json_lines(calls: pa.Table) -> bytes:
    """Write the calls as services do: messages as a list, times as text, nothing where nothing is known."""
    rows = []
    for row in calls.to_pylist():
        row["started_at"] = row["started_at"].isoformat()
        row["messages"] = json.loads(row["messages"]) if row["messages"] else None
        rows.append(json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False))
    return "\n".join(rows).encode()


def test_packed_json_lines_give_the_same_tables_as_parquet(
    scanner: Scanner, evasion: Traffic, evasion_report: Report
) -> None:
    lines = json_lines(evasion.calls()).splitlines(keepends=True)
    folder = scanner.folder / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"".join(lines[:3_000]))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[3_000:6_000])))
    (folder / "c.jsonl.zst").write_bytes(pa.Codec("zstd").compress(b"".join(lines[6_000:]), asbytes=True))
    assert_same(scanner(folder, accounts=evasion.accounts), evasion_report, html=False)


def test_accounts_as_csv_give_the_same_tables(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    table = evasion.account_table()
    lines = [",".join(table.column_names)]
    for row in table.to_pylist():
        row["created_at"] = row["created_at"].isoformat()
        lines.append(",".join("" if value is None else str(value) for value in row.values()))
    accounts = scanner.folder / "accounts.csv"
    accounts.write_text("\n".join(lines))
    assert_same(scanner(evasion.log, accounts=accounts), evasion_report)


def in_country(table: pa.Table, column: str, accounts: set[str] | None, country: str | None) -> pa.Table:
    values = [
        country if accounts is None or a in accounts else c
        for a, c in zip(table["account"].to_pylist(), table[column].to_pylist(), strict=True)
    ]
    return replace_column(table, column, values)


@pytest.mark.parametrize(("who", "country"), [("campaign", "CN"), ("crowd", "CN"), ("everybody", None)])
def test_moving_people_to_another_country_changes_nothing(
    scanner: Scanner, evasion: Traffic, evasion_report: Report, who: str, country: str | None
) -> None:
    truth = evasion.truth()
    crowd = truth.filter(pa.compute.equal(truth["label"], "popular_app_tags"))
    moved = {"campaign": evasion.members(), "crowd": set(crowd["account"].to_pylist()), "everybody": None}[who]
    calls = in_country(evasion.calls(), "client_country", moved, country)
    accounts = in_country(evasion.account_table(), "country", moved, country)
    assert_same(scanner.tables(calls, accounts), evasion_report)


def test_shuffled_countries_change_nothing(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    calls, accounts = evasion.calls(), evasion.account_table()
    calls = replace_column(calls, "client_country", shuffled(calls, 5)["client_country"].to_pylist())
    accounts = replace_column(accounts, "country", shuffled(accounts, 6)["country"].to_pylist())
    assert_same(scanner.tables(calls, accounts), evasion_report)


def test_another_country_s_networks_give_the_same_members(
    scanner: Scanner, evasion: Traffic, evasion_report: Report
) -> None:
    """Addresses and networks are renamed one to one, as if the same people lived elsewhere."""
    calls = evasion.calls()
    addresses = [a and elsewhere(a) for a in calls["client_address"].to_pylist()]
    numbers = [n and n ^ 0x5A5A for n in calls["client_asn"].to_pylist()]
    calls = replace_column(replace_column(calls, "client_address", addresses), "client_asn", numbers)
    report = scanner.tables(calls, evasion.account_table())
    assert report.accused() == evasion_report.accused()


def elsewhere(address: str) -> str:
    if ":" in address:
        return address.replace("2001:db8:", "2001:db9:")
    first, rest = address.split(".", 1)
    return f"{int(first) ^ 0x55}.{rest}"


def fingerprints(traffic: Traffic, folder: Path) -> tuple[pa.Table, pa.Table]:
    """Return the fingerprints of the log and its keyed accounts."""
    from stillwatch.app import key_accounts  # noqa: PLC0415

    prints = Fingerprinter(KEY)
    batches = read_calls(find_inputs([traffic.log]), rejects=Rejects(None))
    table = pq.read_table(fingerprint_log(batches, prints, folder))
    return table, key_accounts(traffic.account_table(), prints)


def find(folder: Path, calls: pa.Table, accounts: pa.Table) -> Findings:
    with Engine(folder) as engine:
        return find_candidates(engine, engine.lazy(calls), accounts=accounts, signals=find_signals())


def test_language_is_not_read(tmp_path: Path, evasion: Traffic) -> None:
    calls, accounts = fingerprints(evasion, tmp_path)
    known = find(tmp_path, calls, accounts)
    assert len(set(calls["language"].to_pylist())) > 2
    for values in (
        np.zeros(len(calls), np.int8),
        np.random.default_rng(1).integers(0, len(LANGUAGES), len(calls)).astype(np.int8),
    ):
        told = find(tmp_path, replace_column(calls, "language", values), accounts)
        assert [c.strength for c in told.candidates] == [c.strength for c in known.candidates]
        assert [campaign_id(c) for c in told.candidates] == [campaign_id(c) for c in known.candidates]
    without = find(tmp_path, calls.drop_columns(["language"]), accounts)
    assert [campaign_id(c) for c in without.candidates] == [campaign_id(c) for c in known.candidates]


def test_no_signal_needs_a_country_or_a_language() -> None:
    needed = {name for s in find_signals() for name in s.needs}
    assert needed
    assert not {n for n in needed if "country" in n or "language" in n}
    assert not {c.name for c in CALLS.columns if "country" in c.name}


def test_no_module_of_detect_names_a_language_or_a_country() -> None:
    import stillwatch.detect  # noqa: PLC0415

    modules = list(Path(stillwatch.detect.__path__[0]).rglob("*.py"))
    assert modules
    assert [p.name for p in modules if '"language"' in p.read_text() or "country" in p.read_text()] == []


def test_another_key_finds_the_same_people_under_another_name(
    scanner: Scanner, evasion: Traffic, evasion_report: Report
) -> None:
    other = scanner.folder / "other-key"
    report = scanner(evasion.log, accounts=evasion.accounts, key_file=other)
    assert report.accused() == evasion_report.accused()
    assert report.campaigns[0]["campaign"] != evasion_report.campaigns[0]["campaign"]
    assert other.stat().st_mode & 0o777 == 0o600
    again = scanner(evasion.log, accounts=evasion.accounts, key_file=other)
    assert_same(again, report)


def test_innocent_newcomers_do_not_free_the_campaign(
    scanner: Scanner, evasion: Traffic, evasion_report: Report, innocents: Traffic
) -> None:
    others = innocents.calls()
    newcomers = set(sorted(set(others["account"].to_pylist()))[:100])
    calls = pa.concat_tables([evasion.calls(), only(others, newcomers)])
    accounts = pa.concat_tables([evasion.account_table(), only(innocents.account_table(), newcomers)])
    report = scanner.tables(calls, accounts)
    assert report.accused() & evasion.members() == evasion_report.accused() & evasion.members()
