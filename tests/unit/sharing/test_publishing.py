"""Our collections: what goes in, what is revoked there, and what others answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sharing_world import NOW, parcel
from stillwatch.errors import SharingError
from stillwatch.sharing.answering import make_opinion, make_sighting
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.nouns import Sender
from stillwatch.sharing.publishing import Publisher, withdrawn_everywhere
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.collection_store import CollectionStore
from stillwatch.sharing.taxii.filters import Filters
from stillwatch.store.sql import Database

NAME = "C-ac1ba389de58"
B = Sender("Host B")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    yield made
    made.close()


@pytest.fixture
def published(database: Database) -> tuple[Publisher, Ledger, list[str]]:
    publisher, ledger = Publisher(database, clock=lambda: 1.0), Ledger(database)
    objects = ledger.settle(stix_list(parcel()))
    ledger.note(NAME, objects)
    places = [Callers(database).add_collection(title) for title in ("One", "Two", "Empty")]
    for place in places[:2]:
        assert publisher.publish(place, objects) == len(objects)
    return publisher, ledger, places


def latest(database: Database, collection: str) -> list[bytes]:
    return [r.body for r in CollectionStore(database, clock=lambda: 1.0).page(collection, Filters()).rows]


def test_published_again_nothing_is_new(published: tuple[Publisher, Ledger, list[str]]) -> None:
    publisher, ledger, places = published
    assert publisher.publish(places[0], ledger.settle(stix_list(parcel()))) == 0


def test_a_withdrawal_reaches_every_collection_that_has_it_also_after_a_crash(
    database: Database, published: tuple[Publisher, Ledger, list[str]]
) -> None:
    publisher, ledger, places = published
    gone = ledger.withdraw(NAME, now=NOW)
    # A crash here: the ledger knows, the collections do not; the next withdrawal of anything repairs it.
    assert withdrawn_everywhere(ledger, publisher) == {places[0]: len(gone), places[1]: len(gone)}
    assert withdrawn_everywhere(ledger, publisher) == {places[0]: 0, places[1]: 0}
    for place in places[:2]:
        revoked = [b for b in latest(database, place) if b'"revoked":true' in b]
        assert len(revoked) == len(gone)
    assert latest(database, places[2]) == []


def test_what_is_no_object_is_not_published(published: tuple[Publisher, Ledger, list[str]]) -> None:
    publisher, _, places = published
    with pytest.raises(SharingError, match="not STIX"):
        publisher.publish(places[0], [{"id": "x", "type": "y"}])


def test_feedback_is_what_others_said_of_ours(published: tuple[Publisher, Ledger, list[str]]) -> None:
    publisher, _, places = published
    assert publisher.feedback() == []
    ours = next(o["id"] for o in stix_list(parcel()) if o["type"] == "indicator")
    theirs = "indicator--00000000-0000-4000-8000-000000000001"
    for about in (ours, theirs):
        publisher.publish(places[0], make_opinion(about, sender=B, says="disagree", because="a class", now=NOW))
        seen = make_sighting(about, sender=B, count=0, first=NOW, last=NOW, now=NOW)
        publisher.publish(places[0], seen)
    found = publisher.feedback()
    assert [(f.type, f.about, f.says) for f in found] == [
        ("opinion", ours, "disagree: a class"),
        ("sighting", ours, "not seen"),
    ]
