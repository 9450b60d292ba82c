"""What others said, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sharing_world import NOW, campaign, parcel
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.nouns import Kind, Received, Sender
from stillwatch.sharing.received import UNSURE, ReceivedTable
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.stix_objects import opinion, stamp
from stillwatch.sharing.tables import open_sharing

WHEN = NOW.timestamp()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ReceivedTable]:
    database = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    yield ReceivedTable(database)
    database.close()


def take(table: ReceivedTable, *objects: Any, source: str = "https://hub.example/c/") -> tuple[int, int]:
    return table.take(source, objects, cursor="2026-07-01T00:00:00.000000Z", now=WHEN)


def asn(table: ReceivedTable, now: float = WHEN) -> Received:
    (one,) = [r for r in table.indicators(now=now) if r.kind is Kind.ASN]
    return one


def indicator(**changed: Any) -> dict[str, Any]:
    (one,) = [o for o in stix_list(parcel()) if o["type"] == "indicator" and "autonomous" in o["pattern"]]
    return one | changed


def opinion_of(name: str, *, by: int, says: str = "disagree", **changed: Any) -> dict[str, Any]:
    holder = f"identity--00000000-0000-4000-8000-{by:012d}"
    return opinion([name], held_by=holder, opinion=says, explanation="we looked", now=stamp(NOW)) | changed


def test_a_senders_indicators_hold_with_its_confidence_and_end(table: ReceivedTable) -> None:
    new, refused = take(table, *stix_list(parcel()))
    assert refused == 0
    assert new == 38
    found = table.indicators(now=WHEN)
    assert len(found) == 8
    assert all(r.holds for r in found)
    assert (asn(table).confidence, asn(table).value) == (85, "64501")
    assert {r.kind for r in found if r.key_id} == {Kind.PAYMENT, Kind.DEVICE}


def test_our_own_word_had_back_from_a_partner_is_no_second_one(tmp_path: Path) -> None:
    database = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    table = ReceivedTable(database)
    mine, theirs = stix_list(parcel()), stix_list(parcel(sender=Sender("Host B")))
    Ledger(database).note("C-ac1ba389de58", mine)
    take(table, *mine, *theirs)
    (host_b,) = {o["created_by_ref"] for o in theirs if o["type"] == "campaign"}
    assert {r.sender for r in table.indicators(now=WHEN)} == {host_b}
    database.close()


def test_taken_again_nothing_is_new_and_an_older_version_is_passed_over(table: ReceivedTable) -> None:
    take(table, indicator(confidence=70, modified="2026-07-02T00:00:00.000Z"))
    assert take(table, indicator(confidence=70, modified="2026-07-02T00:00:00.000Z")) == (0, 0)
    assert take(table, indicator(confidence=10)) == (0, 0)
    assert asn(table).confidence == 70


def test_two_senders_of_one_indicator_are_two_and_one_cannot_revoke_the_others(table: ReceivedTable) -> None:
    theirs = [o for o in stix_list(parcel(campaign(), sender=Sender("Host B"))) if o["type"] == "indicator"]
    take(table, indicator(), *theirs)
    mine = [r for r in table.indicators(now=WHEN) if r.kind is Kind.ASN]
    assert len({r.sender for r in mine}) == 2
    take(table, indicator(revoked=True, modified="2026-07-02T00:00:00.000Z"))
    assert [r.revoked for r in table.indicators(now=WHEN) if r.kind is Kind.ASN].count(True) == 1


def test_what_is_revoked_or_over_or_has_no_end_does_not_hold(table: ReceivedTable) -> None:
    take(table, indicator())
    assert asn(table).holds
    assert not asn(table, (NOW + timedelta(days=30)).timestamp()).holds
    take(table, indicator(modified="2026-07-02T00:00:00.000Z", valid_from="2026-08-01T00:00:00.000Z"))
    assert not asn(table).holds
    endless = indicator(modified="2026-07-03T00:00:00.000Z")
    del endless["valid_until"]
    take(table, endless)
    assert asn(table).expired
    take(table, indicator(modified="2026-07-04T00:00:00.000Z", revoked=True))
    assert (asn(table).revoked, asn(table).holds) == (True, False)


@pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (3, 2, 1)])
@pytest.mark.parametrize("together", [True, False])
def test_nothing_follows_a_revocation_in_whatever_order_it_comes(
    table: ReceivedTable, order: tuple[int, ...], *, together: bool
) -> None:
    versions = {n: indicator(modified=f"2026-07-0{n}T00:00:00.000Z", revoked=n == 2) for n in (1, 2, 3)}
    for page in [order] if together else [(n,) for n in order]:
        take(table, *(versions[n] for n in page))
    assert asn(table).revoked


def test_a_dispute_suspends_until_more_agree(table: ReceivedTable) -> None:
    name = indicator()["id"]
    take(table, indicator(), opinion_of(name, by=1))
    assert (asn(table).disputed, asn(table).holds) == (True, False)
    take(table, opinion_of(name, by=2, says="strongly-agree"))
    assert asn(table).disputed
    take(table, opinion_of(name, by=3, says="agree"))
    assert asn(table).holds


def test_a_dispute_that_is_taken_back_counts_no_more(table: ReceivedTable) -> None:
    name = indicator()["id"]
    take(table, indicator(), opinion_of(name, by=1))
    take(table, opinion_of(name, by=1, revoked=True, modified="2026-07-02T00:00:00.000Z"))
    assert asn(table).holds


def test_a_sender_does_not_vote_on_its_own(table: ReceivedTable) -> None:
    one = indicator()
    mine = opinion([one["id"]], held_by=one["created_by_ref"], opinion="strongly-agree", explanation="", now=stamp(NOW))
    take(table, one, mine, opinion_of(one["id"], by=1))
    assert asn(table).disputed


@pytest.mark.parametrize(
    ("said", "confidence"), [({}, 85), ({"confidence": None}, 0), ({"confidence": 300}, 0), ({"confidence": True}, 0)]
)
def test_a_senseless_confidence_is_not_believed(table: ReceivedTable, said: dict[str, Any], confidence: int) -> None:
    take(table, indicator(**said))
    assert asn(table).confidence == confidence


def test_no_confidence_is_the_middle(table: ReceivedTable) -> None:
    silent = indicator()
    del silent["confidence"]
    take(table, silent)
    assert asn(table).confidence == UNSURE


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, {"type": "indicator"}, {"id": 1, "type": 2}])
def test_what_is_no_object_is_counted_and_passed_over(table: ReceivedTable, odd: Any) -> None:
    assert take(table, odd, indicator()) == (1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"pattern": 3},
        {"pattern": "x"},
        {"extensions": []},
        {"extensions": {"a": 1}},
        {"valid_until": 7},
        {"pattern": None},
    ],
)
def test_odd_fields_never_stop_it(table: ReceivedTable, changed: dict[str, Any]) -> None:
    take(table, indicator(**changed), {**opinion_of("x", by=1), "object_refs": 3})
    table.indicators(now=WHEN)


def test_how_far_a_source_was_pulled_is_kept_with_the_page(table: ReceivedTable) -> None:
    assert table.cursor("https://hub.example/c/") == ""
    take(table, indicator())
    assert table.cursor("https://hub.example/c/") == "2026-07-01T00:00:00.000000Z"
    assert table.sources() == [("https://hub.example/c/", "2026-07-01T00:00:00.000000Z")]
    assert [o["name"] for o in table.objects(kind="indicator")] == ["Network operator"]
