from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from report_folder import TEMPLATES, observable, reasoning_campaign, signed

from stillwatch.records import SIGHTINGS
from stillwatch.report.graph import graph
from stillwatch.report.observables import observables

NETWORK = "ffffffffffffff01"


def campaign(accounts: int, **changes: Any) -> dict[str, Any]:
    one = {"skeleton": TEMPLATES[0], "words": 30, "accounts": accounts}
    shared = [observable("prefix", "network", NETWORK, None, 2, 1, 6.0)]
    return reasoning_campaign(accounts=accounts, substreams=[one], observables=shared, **changes)


def edges(*held: tuple[int, str]) -> pa.Table:
    signals = {TEMPLATES[0]: ("shared_template", "content"), NETWORK: ("prefix", "network")}
    rows = [
        {
            "account": f"account-{a}",
            "signal": signals[k][0],
            "family": signals[k][1],
            "observable": signed(k),
            "calls": 1,
        }
        for a, k in held
    ]
    return pa.Table.from_pylist(rows, schema=SIGHTINGS.schema)


def drawn(entry: dict[str, Any], sightings: pa.Table | None) -> Any:
    return graph(entry, observables(entry, parameters={}), sightings)


def test_members_are_grouped_by_what_they_hold() -> None:
    held = [(a, TEMPLATES[0]) for a in range(5)] + [(0, NETWORK), (1, NETWORK)]
    picture = drawn(campaign(5), edges(*held))
    assert [node.text for node in picture.groups] == ["3", "2"]
    assert len(picture.edges) == 3


def test_who_holds_an_observable_without_the_templates_is_no_member() -> None:
    held = [(a, TEMPLATES[0]) for a in range(5)] + [(a, NETWORK) for a in range(100, 104)]
    assert [node.text for node in drawn(campaign(20), edges(*held)).groups] == ["5"]


def test_more_holders_than_members_falls_back_to_totals() -> None:
    picture = drawn(campaign(5), edges(*[(a, TEMPLATES[0]) for a in range(9)]))
    assert [node.text for node in picture.groups] == ["5"]
    assert picture.says.startswith("All members and how many")


def test_what_weighs_nothing_is_fainter_than_what_tells() -> None:
    entry = campaign(5)
    entry["observables"].append(observable("model", "economy", "0000000000000aaa", "m", 5, 999, 0.0))
    opacity = [edge.opacity for edge in drawn(entry, None).edges]
    assert opacity[2] < opacity[1]


def test_nothing_shared_nothing_drawn() -> None:
    assert drawn(reasoning_campaign(substreams=[], observables=[]), None) is None


@pytest.mark.parametrize("number", [13, 40])
def test_only_the_strongest_are_drawn(number: int) -> None:
    many = [observable("prefix", "network", f"{i:016x}", f"n{i}", 3, 0, 5.0) for i in range(number)]
    picture = drawn(reasoning_campaign(substreams=[], observables=many), None)
    assert [node.text for node in picture.observables] == [f"client network: n{i}" for i in range(2)]


def test_groups_are_coarse_enough_to_hold_most_members() -> None:
    keys = [f"{i + 1:016x}" for i in range(6)]
    shared = [observable(f"signal_{i}", "network", key, key, 32, 0, 5.0) for i, key in enumerate(keys)]
    rows = [
        {"account": f"account-{a}", "signal": f"signal_{i}", "family": "network", "observable": signed(key), "calls": 1}
        for a in range(1, 64)
        for i, key in enumerate(keys)
        if a >> i & 1
    ]
    sightings = pa.Table.from_pylist(rows, schema=SIGHTINGS.schema)
    picture = drawn(reasoning_campaign(accounts=63, substreams=[], observables=shared), sightings)
    assert len(picture.groups) <= 7
    assert sum(int(node.text) for node in picture.groups) == 63
    assert sum(int(node.text) for node in picture.groups if not node.small) >= 0.8 * 63
