from dataclasses import replace

import pytest

from planted import campaign, crowd, member_keys, table_of
from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.find import Candidate, find_candidates
from stillwatch.detect.operators import (
    HIDDEN,
    MIN_ACCOUNTS,
    MIN_OPERATOR_BITS,
    OPEN,
    explain,
    find_operators,
    why_no_campaign,
)
from stillwatch.detect.signal import find_signals
from stillwatch.records import Family
from stillwatch.store.engine import Engine

RELAY = {"turns": 3, "tools": 5, "cues": 0, "output_tokens": 90}
"""Calls of another product's users: conversations with tools."""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    with Engine(tmp_path_factory.mktemp("engine")) as engine:
        calls = engine.lazy(table_of(crowd() + campaign(30, calls=20, **RELAY)))
        found = find_candidates(engine, calls, accounts=None, signals=find_signals())
    return next(c for c in found.candidates if set(c.group.accounts) == set(member_keys(30)))


def answered(candidate: Candidate, **bits: float) -> Candidate:
    findings = tuple(Finding(name, Family(name), b, "Because.") for name, b in bits.items())
    return replace(candidate, coordination=Answer(-8.0, findings))


def test_a_relay_has_one_operator_and_is_no_campaign(relay: Candidate) -> None:
    assert relay.distillation.bits < 0
    assert find_operators([relay], listed=[]) == [relay]


def test_a_campaign_is_not_listed_twice(relay: Candidate) -> None:
    assert find_operators([relay], listed=[relay]) == []


@pytest.mark.parametrize(
    ("bits", "listed"),
    [
        ({"network": 12.0, "content": 3.0}, True),
        ({"identity": 9.0, "timing": 6.0}, True),
        ({"network": 12.0, "content": 1.9}, False),
        ({"network": 12.0}, False),
        ({"content": 12.0, "timing": 3.0}, False),
        ({"content": 12.0, "timing": 3.0, "network": 0.9}, False),
    ],
)
def test_addresses_or_papers_must_hold_a_group_and_a_second_family_too(
    relay: Candidate, bits: dict[str, float], *, listed: bool
) -> None:
    made = answered(relay, **bits)
    assert bool(find_operators([made], listed=[])) is listed
    assert not listed or made.coordination.bits >= MIN_OPERATOR_BITS


def test_a_family_is_of_no_interest(relay: Candidate) -> None:
    accounts = relay.group.accounts[: MIN_ACCOUNTS - 1]
    assert find_operators([replace(relay, group=replace(relay.group, accounts=accounts))], listed=[]) == []


def test_the_surest_come_first(relay: Candidate) -> None:
    less, more = (answered(relay, network=b, content=4.0) for b in (11.0, 12.0))
    assert find_operators([less, more], listed=[]) == [more, less]


def test_says_what_spoke_most_against_a_campaign(relay: Candidate) -> None:
    against = why_no_campaign(relay)
    assert "continue a conversation" in against[0]
    assert len(against) <= 3
    assert why_no_campaign(replace(relay, distillation=Answer(-4.0))) == []


def test_an_open_owner_is_told_from_a_hidden_one(relay: Candidate) -> None:
    assert explain(relay) == HIDDEN
    payer = ("payment", "identity", 7, 30.0, 0.0, 12.0)
    cells = [replace(c, observables=(*c.observables, payer)) for c in relay.group.cells]
    assert explain(replace(relay, group=replace(relay.group, cells=cells))) == OPEN
