"""What ``make demo`` shows is what the README says of it."""

from __future__ import annotations

from collections import defaultdict

from scan_reports import Scanner, Traffic


def test_the_incident_of_the_readme_is_found_as_it_says(scanner: Scanner, demo: Traffic) -> None:
    members, calls = defaultdict[str, set[str]](set), defaultdict[str, int](int)
    for row in demo.truth().to_pylist():
        if row["campaign"]:
            members[row["campaign"]].add(row["account"])
            calls[row["campaign"]] += row["campaign_calls"]
    report = scanner(demo.log, accounts=demo.accounts)
    found = {campaign["accounts"]: campaign["calls"] for campaign in report.campaigns}
    assert found == {len(members[name]): calls[name] for name in members} == {420: 8_400, 160: 6_000}
    assert report.accused() == set().union(*members.values())
    assert len(report.json("tenants.json")) == 1
    assert report.scan["accounts"] == len(demo.truth()) == 4_602
