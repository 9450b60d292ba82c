"""What a scan finds, whom it spares, and what it leaves in its folder."""

from __future__ import annotations

import html
import re
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from scan_reports import Report, Scanner, Traffic, only, replace_column
from stillwatch.detect.answers import MAX_FAMILY_BITS
from stillwatch.records import CAMPAIGN_CALLS, MEMBERS, SIGHTINGS

DESIGN = Path(__file__).parents[2] / "docs" / "design.md"
FAMILIES = {"content", "timing", "network", "identity", "economy"}


def recall_and_purity(found: set[str], members: set[str]) -> tuple[float, float]:
    return len(found & members) / len(members), len(found & members) / max(1, len(found))


def test_finds_the_planted_campaign(evasion: Traffic, evasion_report: Report) -> None:
    assert len(evasion_report.campaigns) == 1
    recall, purity = recall_and_purity(evasion_report.accused(), evasion.members())
    assert recall >= 0.9
    assert purity >= 0.95


def test_accuses_nobody_in_innocent_traffic(session_scanner: Scanner, innocents: Traffic) -> None:
    report = session_scanner(innocents.log, accounts=innocents.accounts)
    assert report.campaigns == []
    assert report.accused() == set()
    assert report.scan["accounts"] == len(innocents.truth())


def test_finds_the_campaign_without_an_accounts_table(session_scanner: Scanner, evasion: Traffic) -> None:
    report = session_scanner(evasion.log)
    recall, purity = recall_and_purity(report.accused(), evasion.members())
    assert recall >= 0.9
    assert purity >= 0.95
    skipped = {s["signal"]: s["skipped"] for s in report.scan["signals"] if s["family"] == "identity"}
    assert set(skipped.values()) == {"no accounts table was given"}
    assert all("identity" not in c["coordination"]["evidence"] for c in report.campaigns)


def test_the_folder_holds_what_the_design_promises(evasion_report: Report) -> None:
    promised = set(re.findall(r"^\| `([a-z_]+\.[a-z]+)` \|", DESIGN.read_text(), re.MULTILINE))
    assert promised >= {"campaigns.json", "members.parquet", "sightings.parquet", "report.html", "scan.json"}
    held = {p.name for p in evasion_report.folder.iterdir()}
    assert held - {"fingerprints"} == promised - {"rejects.jsonl"}, "no row of this log is rejected"


def test_a_campaign_has_the_fields_of_the_contract(evasion_report: Report) -> None:
    campaign = evasion_report.campaigns[0]
    line = next(line for line in DESIGN.read_text().splitlines() if line.startswith("| `campaigns.json`"))
    assert set(re.findall(r"`(\w+)`", line.split("|")[2])) <= set(campaign)
    assert re.fullmatch(r"C-[0-9a-f]{12}", campaign["campaign"])
    assert datetime.fromisoformat(campaign["first_call_at"]) <= datetime.fromisoformat(campaign["last_call_at"])
    assert campaign["strength_bits"] == min(campaign["coordination"]["bits"], campaign["distillation"]["bits"])
    assert campaign["false_alarm_rate"] > 0
    assert list(campaign["claims"]) == ["volume", "coordination", "attribution", "use_in_training"]
    assert campaign["claims"]["attribution"]["status"] == "not claimed"
    assert campaign["claims"]["use_in_training"]["status"] == "not claimed"


def test_a_campaign_says_how_its_calls_are_distributed(evasion_report: Report) -> None:
    told = evasion_report.campaigns[0]["distribution"]
    assert list(told) == ["unlike_others", "alike_within", "says"]
    for comparison in (told["unlike_others"], told["alike_within"]):
        assert list(comparison) == ["mmd2", "p_value", "calls"]
        assert 0.001 <= comparison["p_value"] <= 1.0
        assert 20 <= comparison["calls"] <= 400
    assert told["unlike_others"]["p_value"] <= 0.01, "a harvest is no sample of everybody's traffic"
    assert told["says"].startswith("Context, not counted: ")
    assert told["says"] in html.unescape(evasion_report.raw("report.html").decode())


@pytest.mark.parametrize("question", ["coordination", "distillation"])
def test_an_answer_is_the_sum_of_its_prior_and_its_families(evasion_report: Report, question: str) -> None:
    answer = evasion_report.campaigns[0][question]
    families = answer["evidence"]
    assert set(families) <= FAMILIES
    assert answer["bits"] == pytest.approx(answer["prior_bits"] + sum(f["bits"] for f in families.values()), abs=0.05)
    assert all(f["bits"] <= MAX_FAMILY_BITS for f in families.values())
    assert all(finding["says"] for f in families.values() for finding in f["findings"])


def test_a_campaign_rests_on_two_families(evasion_report: Report) -> None:
    evidence = evasion_report.campaigns[0]["coordination"]["evidence"]
    assert sum(family["bits"] >= 1.0 for family in evidence.values()) >= 2


def test_numbers_of_a_campaign_agree_with_its_members(evasion: Traffic, evasion_report: Report) -> None:
    campaign = evasion_report.campaigns[0]
    rows = evasion_report.member_rows()
    assert campaign["accounts"] == len(rows)
    assert campaign["calls"] == sum(r["campaign_calls"] for r in rows)
    assert {r["campaign"] for r in rows} == {campaign["campaign"]}
    sent = only(evasion.calls(), evasion_report.accused())
    assert sum(r["calls"] for r in rows) == len(sent)
    assert sum(point["calls"] for point in campaign["timeline"]) == campaign["calls"]
    assert sum(campaign["verification"].values()) == campaign["accounts"]


def test_the_calls_of_a_campaign_are_those_that_its_numbers_count(evasion_report: Report) -> None:
    calls = pq.read_table(evasion_report.folder / "campaign_calls.parquet")
    assert calls.schema.equals(CAMPAIGN_CALLS.schema)
    for campaign in evasion_report.campaigns:
        mine = calls.filter(pc.equal(calls["campaign"], campaign["campaign"]))
        assert len(set(mine["call"].to_pylist())) == len(mine) == campaign["calls"]
        assert pc.sum(mine["completed"]).as_py() == campaign["exchanges"]


def test_members_lists_every_account_once(evasion: Traffic, evasion_report: Report) -> None:
    members = evasion_report.members()
    assert members.schema.equals(MEMBERS.schema)
    assert members["account"].to_pylist() == sorted(evasion.truth()["account"].to_pylist())
    outside = members.filter(members["campaign"].is_null())
    assert outside["match_weight"].null_count == len(outside)
    for row in evasion_report.member_rows():
        assert 0.0 <= row["share_low"] <= row["share"] <= row["share_high"] <= 1.0


def test_sightings_are_the_edges_of_campaign_members(evasion_report: Report) -> None:
    sightings = pq.read_table(evasion_report.folder / "sightings.parquet")
    assert sightings.schema.equals(SIGHTINGS.schema)
    assert len(sightings)
    assert len(set(sightings["account"].to_pylist())) == len(evasion_report.accused())
    assert set(sightings["family"].to_pylist()) <= FAMILIES


def test_a_declared_organization_is_a_tenant_and_no_campaign(scanner: Scanner, evasion: Traffic) -> None:
    members, accounts = evasion.members(), evasion.account_table()
    names = [
        "One House" if a in members else o
        for a, o in zip(accounts["account"].to_pylist(), accounts["organization"].to_pylist(), strict=True)
    ]
    calls = evasion.calls()
    again = only(calls, members)
    again = replace_column(again, "call_id", [f"{name}-again" for name in again["call_id"].to_pylist()])
    calls = pa.concat_tables([calls, again])
    report = scanner.tables(calls, replace_column(accounts, "organization", names))
    assert report.campaigns == []
    assert report.accused() == set()
    tenant = next(t for t in report.json("tenants.json") if t["organization"] == "One House")
    assert tenant["accounts"] == len(members)
    assert tenant["calls"] == 2 * len(again)


def test_one_operator_that_relays_conversations_is_listed_apart_and_accused_of_nothing(
    scanner: Scanner, evasion: Traffic
) -> None:
    members, calls = evasion.members(), evasion.calls()
    talk = '[{"role": "system", "content": "%s"}, {"role": "user", "content": "Hello"}, \
{"role": "assistant", "content": "Good day."}, {"role": "user", "content": "Is order %d on its way?"}]'
    product = "You are the assistant of Fernbank Deliveries and answer customers who ask where their parcels are."
    mine = [a in members for a in calls["account"].to_pylist()]
    for name, values in {
        "messages": [talk % (product, n) for n in range(len(calls))],
        "prompt": [None] * len(calls),
        "system": [None] * len(calls),
        "client_address": [f"198.51.100.{n % 3 + 1}" for n in range(len(calls))],
        "output_tokens": [40] * len(calls),
    }.items():
        if name in calls.column_names:
            kept = zip(mine, calls[name].to_pylist(), values, strict=True)
            calls = replace_column(calls, name, [new if inside else old for inside, old, new in kept])
    report = scanner.tables(calls, evasion.account_table())
    assert report.campaigns == []
    assert report.accused() == set()
    assert members in [set(operator["account_names"]) for operator in report.json("operators.json")]
    assert "operator" not in str(report.json("tenants.json"))
    assert "One operator, no extraction" in report.raw("report.html").decode()


def test_fewer_than_five_accounts_are_no_campaign(scanner: Scanner, evasion: Traffic) -> None:
    others = set(sorted(evasion.members())[4:])
    report = scanner.tables(only(evasion.calls(), others, keep=False), evasion.account_table())
    assert report.campaigns == []


def test_the_accounts_of_four_owners_are_no_campaign(scanner: Scanner, evasion: Traffic) -> None:
    members, accounts = evasion.members(), evasion.account_table()
    names = [f"House {i % 4}" if a in members else None for i, a in enumerate(accounts["account"].to_pylist())]
    report = scanner.tables(evasion.calls(), replace_column(accounts, "organization", names))
    assert report.campaigns == []


def test_says_which_share_of_mixed_accounts_is_the_campaigns(session_scanner: Scanner, resellers: Traffic) -> None:
    report = session_scanner(resellers.log, accounts=resellers.accounts)
    truth = {r["account"]: r for r in resellers.truth().to_pylist()}
    _, purity = recall_and_purity(report.accused(), resellers.members())
    assert len(report.campaigns) == 1
    assert purity >= 0.95
    rows = [truth[a] for a in report.accused()]
    real = sum(r["campaign_calls"] for r in rows) / sum(r["calls"] for r in rows)
    share = report.campaigns[0]["share"]
    assert share["low"] <= real <= share["high"]
    assert share["high"] < 0.8


@pytest.mark.parametrize("family", ["identity", "network"])
def test_a_family_left_out_is_not_used(scanner: Scanner, evasion: Traffic, family: str) -> None:
    report = scanner(evasion.log, accounts=evasion.accounts, without=frozenset({family}))
    assert family not in {s["family"] for s in report.scan["signals"]}
    assert report.scan["settings"]["without"] == [family]
    recall, purity = recall_and_purity(report.accused(), evasion.members())
    assert recall >= 0.9
    assert purity >= 0.95
    assert all(family not in c["coordination"]["evidence"] for c in report.campaigns)
    assert all(o["family"] != family for c in report.campaigns for o in c["observables"])


def test_content_alone_is_no_campaign(scanner: Scanner, evasion: Traffic) -> None:
    report = scanner(evasion.log, without=frozenset(FAMILIES - {"content"}))
    assert report.campaigns == []


def test_a_higher_bar_lists_less(scanner: Scanner, evasion: Traffic, evasion_report: Report) -> None:
    bar = evasion_report.campaigns[0]["strength_bits"] + 0.5
    report = scanner(evasion.log, accounts=evasion.accounts, min_strength_bits=bar)
    assert report.campaigns == []
    assert report.accused() == set()
    assert pa.compute.sum(report.members()["campaign_calls"]).as_py() == 0
