"""A share from beginning to end: logged before it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from sharing_world import NOW, campaign, parcel
from stillwatch.errors import SettingsError, SharingError
from stillwatch.evidence.book import Book
from stillwatch.settings import EvidenceSettings
from stillwatch.sharing.exporter import find_exporter
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.outgoing import digest, draft, send, withdraw
from stillwatch.sharing.recording import OBJECTS_AT_ONCE, append_share
from stillwatch.sharing.tables import open_sharing


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    database = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    yield Ledger(database)
    database.close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(EvidenceSettings(folder=tmp_path / "evidence", key_file=tmp_path / "key"), clock=lambda: 1.0) as made:
        yield made


@pytest.mark.parametrize("name", ["stix", "misp", "ocsf", "csv"])
def test_what_leaves_is_logged_with_recipient_purpose_and_ids_first(ledger: Ledger, book: Book, name: str) -> None:
    made = draft(parcel(), find_exporter(name), ledger)
    before = book.log.size
    data = send(made, parcel(), book=book, ledger=ledger, recipient="Host B", purpose="defence")
    assert book.log.size == before + 1
    assert data == made.exporter.write(made.documents)
    assert {o["id"] for _, o in ledger.list()} == set(made.names)


def test_nothing_leaves_that_cannot_be_logged(ledger: Ledger, book: Book) -> None:
    made = draft(parcel(), find_exporter("stix"), ledger)
    for recipient, purpose in (("", "defence"), ("Host B", "  "), ("Host B", "x" * 501)):
        with pytest.raises(SettingsError, match="it is logged for good"):
            send(made, parcel(), book=book, ledger=ledger, recipient=recipient, purpose=purpose)
    assert ledger.list() == []


def test_each_campaign_is_noted_with_what_is_its_own(ledger: Ledger, book: Book) -> None:
    both = parcel(campaign("C-1"), campaign("C-2", observables=[]))
    send(draft(both, find_exporter("stix"), ledger), both, book=book, ledger=ledger, recipient="B", purpose="p")
    kinds = {name: {o["type"] for n, o in ledger.list() if n == name} for name in ("C-1", "C-2")}
    assert "indicator" in kinds["C-1"]
    assert kinds["C-2"] == {"campaign", "relationship"}


def test_a_withdrawal_is_logged_too(ledger: Ledger, book: Book) -> None:
    send(draft(parcel(), find_exporter("stix"), ledger), parcel(), book=book, ledger=ledger, recipient="B", purpose="p")
    before = book.log.size
    gone = withdraw("C-ac1ba389de58", book=book, ledger=ledger, recipient="B", purpose="appeal", now=NOW)
    assert all(o["revoked"] for o in gone)
    assert book.log.size == before + 1


def test_many_ids_take_several_entries(book: Book) -> None:
    ids = [f"indicator--{i:036d}" for i in range(OBJECTS_AT_ONCE + 1)]
    assert append_share(book, recipient="B", purpose="p", objects=ids) == 2


def test_nothing_to_share_is_said(ledger: Ledger) -> None:
    with pytest.raises(SharingError, match="no campaign"):
        draft(parcel(campaigns=()), find_exporter("stix"), ledger)


def test_a_bundle_is_named_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"x")
    assert digest(tmp_path / "b.zip") == sha256(b"x").hexdigest()
    with pytest.raises(SharingError, match="cannot be read"):
        digest(tmp_path / "none.zip")
