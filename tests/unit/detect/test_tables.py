from collections.abc import Iterator

import numpy as np
import pytest

from planted import campaign, crowd, member_keys, table_of
from stillwatch.detect.describe import campaign_id, hexadecimal
from stillwatch.detect.find import Candidate, Findings, find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.detect.tables import call_table, member_table, sighting_table, wilson
from stillwatch.records import CAMPAIGN_CALLS, MEMBERS, SIGHTINGS
from stillwatch.store.engine import Engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("engine")) as made:
        yield made


@pytest.fixture(scope="module")
def findings(engine: Engine) -> Findings:
    calls = table_of(crowd() + campaign(calls=90) + campaign(4, calls=30, skeleton=None, cues=0))
    return find_candidates(engine, engine.lazy(calls), accounts=None, signals=find_signals())


@pytest.fixture(scope="module")
def listed(findings: Findings) -> list[Candidate]:
    return findings.candidates[:1]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Known answers: Newcombe (1998), Statistics in Medicine 17, table I, method 3 (score, no correction).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_score_interval_of_a_share(hits: int, of: int, low: float, high: float) -> None:
    ends = wilson(np.array([float(hits)]), np.array([float(of)]))
    assert [float(end[0]) for end in ends] == pytest.approx([low, high], abs=5e-5)


def test_members_are_named_and_sorted_and_everybody_is_there(findings: Findings, listed: list[Candidate]) -> None:
    names = {key: f"account {number}" for number, key in enumerate(member_keys())}
    table = member_table(findings, listed, names)
    assert table.schema.equals(MEMBERS.schema)
    assert len(table) == len(findings.population.account)
    accounts = table["account"].to_pylist()
    assert accounts == sorted(accounts)
    rows = [r for r in table.to_pylist() if r["campaign"] is not None]
    assert {r["account"] for r in rows} == set(names.values())
    assert {r["campaign"] for r in rows} == {campaign_id(listed[0])}
    assert all(r["match_weight"] > 0 for r in rows)


def test_a_share_is_the_campaign_s_calls_of_all_calls(findings: Findings, listed: list[Candidate]) -> None:
    rows = {r["account"]: r for r in member_table(findings, listed, {}).to_pylist()}
    mixed = rows[hexadecimal(member_keys()[0])]
    assert mixed["calls"] == 120
    assert mixed["campaign_calls"] == 90
    assert mixed["share"] == pytest.approx(0.75)
    assert mixed["share_low"] < 0.75 < mixed["share_high"]


def test_nobody_is_a_member_where_nothing_is_listed(findings: Findings) -> None:
    table = member_table(findings, [], {})
    assert table["campaign"].null_count == table["match_weight"].null_count == len(table)
    assert len(sighting_table(findings, [], {})) == 0
    assert sighting_table(findings, [], {}).schema.equals(SIGHTINGS.schema)


def test_an_edge_is_there_once_with_its_calls(findings: Findings, listed: list[Candidate]) -> None:
    rows = sighting_table(findings, listed, {}).to_pylist()
    keys = [(r["account"], r["signal"], r["observable"]) for r in rows]
    assert keys == sorted(set(keys))
    shared = [r for r in rows if r["signal"] == "address" and r["observable"] == 5]
    assert {r["account"] for r in shared} == {hexadecimal(a) for a in member_keys()}
    assert {r["calls"] for r in shared} == {90}
    assert {r["account"] for r in rows} == {hexadecimal(a) for a in member_keys()}
    assert all(r["first_call_at"] <= r["last_call_at"] for r in rows)


def test_calls_stand_by_campaign_and_key(engine: Engine, findings: Findings) -> None:
    table = call_table(engine, findings, findings.candidates)
    assert table.schema.equals(CAMPAIGN_CALLS.schema)
    assert len(table) == sum(c.summary.calls for c in findings.candidates)
    assert table.equals(table.sort_by([("campaign", "ascending"), ("call", "ascending")]))
    assert len(call_table(engine, findings, [])) == 0


def test_edges_stand_by_account_signal_and_observable(findings: Findings, listed: list[Candidate]) -> None:
    table = sighting_table(findings, listed, {})
    assert table.schema.equals(SIGHTINGS.schema)
    assert table.equals(table.sort_by([(n, "ascending") for n in ("account", "signal", "observable")]))
