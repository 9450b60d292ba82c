"""What was shared: said again the same way, changed, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sharing_world import NOW, campaign, parcel
from stillwatch.errors import SharingError
from stillwatch.sharing.answering import make_opinion
from stillwatch.sharing.ledger import Ledger, later
from stillwatch.sharing.nouns import Parcel, Sender
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.tables import open_sharing


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    database = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    yield Ledger(database)
    database.close()


def share(ledger: Ledger, made: Parcel) -> list[dict[str, Any]]:
    settled = ledger.settle(stix_list(made))
    for one in made.campaigns:
        ledger.note(one.name, settled)
    return settled


def of(kind: str, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [o for o in objects if o["type"] == kind]


def test_what_did_not_change_keeps_its_version(ledger: Ledger) -> None:
    first = share(ledger, parcel())
    assert share(ledger, parcel(made_at=NOW + timedelta(days=1))) == first


def test_what_changed_keeps_created_and_gets_a_later_version(ledger: Ledger) -> None:
    (before,) = of("campaign", share(ledger, parcel()))
    (after,) = of("campaign", share(ledger, parcel(campaign(accounts=2000), made_at=NOW)))
    assert after["created"] == before["created"]
    assert after["modified"] > before["modified"]


def test_a_withdrawal_revokes_everything_of_the_campaign_once(ledger: Ledger) -> None:
    shared = share(ledger, parcel())
    gone = ledger.withdraw("C-ac1ba389de58", now=NOW)
    assert all(o["revoked"] for o in gone)
    versions = {o["id"]: o["modified"] for o in shared if "modified" in o}
    assert all(o["modified"] > versions[o["id"]] for o in gone)
    assert len(gone) == 1 + 8 + 8 + 8 + 4
    assert ledger.withdraw("C-ac1ba389de58", now=NOW + timedelta(days=1)) == gone


def test_an_indicator_of_two_campaigns_outlives_the_withdrawal_of_one(ledger: Ledger) -> None:
    for name in ("C-1", "C-2"):
        made = parcel(campaign(name))
        ledger.note(name, ledger.settle(stix_list(made)))
    assert not of("indicator", ledger.withdraw("C-1", now=NOW))
    assert len(of("indicator", ledger.withdraw("C-2", now=NOW))) == 8


def test_nothing_follows_a_revocation(ledger: Ledger) -> None:
    share(ledger, parcel())
    ledger.withdraw("C-ac1ba389de58", now=NOW)
    with pytest.raises(SharingError, match="nothing follows a revocation"):
        ledger.settle(stix_list(parcel()))
    again = ledger.settle(stix_list(parcel(campaign("C-new"))))
    assert not of("indicator", again) + of("sighting", again)
    assert of("campaign", again)


@pytest.mark.parametrize("says", ["agree", "disagree"])
def test_what_we_say_of_others_objects_is_one_object_whose_versions_grow(ledger: Ledger, says: str) -> None:
    about = "indicator--00000000-0000-4000-8000-000000000001"

    def say(what: str, days: int) -> dict[str, Any]:
        when = NOW + timedelta(days=days)
        made = make_opinion(about, sender=Sender("Host B"), says=what, because="looked", now=when)
        holder, said = ledger.settle_answers(made)
        assert holder["type"] == "identity"
        return said

    first, again, other = say("agree", 0), say("agree", 1), say(says, 2)
    assert again == first
    assert (other["id"], other["created"]) == (first["id"], first["created"])
    assert (other["modified"] > first["modified"]) is (says != "agree")
    assert ledger.list() == []


def test_a_campaign_that_was_not_shared_cannot_be_withdrawn(ledger: Ledger) -> None:
    with pytest.raises(SharingError, match="nothing was shared"):
        ledger.withdraw("C-none", now=NOW)


def test_a_version_grows_even_where_the_clock_went_back() -> None:
    assert later("2026-07-01T12:00:00.000Z", NOW - timedelta(days=1)) == "2026-07-01T12:00:00.001Z"


def test_lists_what_left(ledger: Ledger) -> None:
    share(ledger, parcel())
    assert {name for name, _ in ledger.list()} == {"C-ac1ba389de58"}
