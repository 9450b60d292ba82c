"""Opinions and sightings, made and sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stix2 import parse
from stix2validator import ValidationOptions, validate_instance

from sharing_world import NOW
from stillwatch.errors import SettingsError, SharingError
from stillwatch.evidence.book import Book
from stillwatch.settings import EvidenceSettings
from stillwatch.sharing.answering import OPINIONS, make_opinion, make_sighting, push
from stillwatch.sharing.nouns import Sender
from stillwatch.sharing.stix_objects import bundle
from stillwatch.sharing.taxii.http import Got

ABOUT = "indicator--00000000-0000-4000-8000-000000000001"
B = Sender("Host B")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(EvidenceSettings(folder=tmp_path / "evidence", key_file=tmp_path / "key"), clock=lambda: 1.0) as made:
        yield made


@pytest.mark.parametrize("says", OPINIONS)
def test_an_opinion_is_stix_and_has_its_reason(says: str) -> None:
    made = bundle(make_opinion(ABOUT, sender=B, says=says, because="looked at twenty of them", now=NOW))
    options = ValidationOptions(version="2.1", strict=True, disabled=["uuid-check"])
    assert validate_instance(json.loads(json.dumps(made)), options).is_valid
    assert parse(json.dumps(made), version="2.1").objects[1].opinion == says


@pytest.mark.parametrize(("says", "because"), [("hate", "x"), ("agree", " "), ("agree", "x" * 2001)])
def test_an_opinion_without_a_reason_is_refused(says: str, because: str) -> None:
    with pytest.raises(SettingsError):
        make_opinion(ABOUT, sender=B, says=says, because=because, now=NOW)


def test_one_host_has_one_opinion_of_one_thing() -> None:
    first, second = (
        make_opinion(ABOUT, sender=B, says=says, because="x", now=NOW)[1] for says in ("agree", "disagree")
    )
    assert first["id"] == second["id"]


def test_a_sighting_may_say_that_nothing_was_seen() -> None:
    made = make_sighting(ABOUT, sender=B, count=0, first=NOW - timedelta(days=7), last=NOW, now=NOW)
    assert validate_instance(json.loads(json.dumps(bundle(made))), ValidationOptions(version="2.1")).is_valid
    assert made[1]["count"] == 0
    for count, first in ((-1, NOW), (1, NOW + timedelta(days=1))):
        with pytest.raises(SettingsError):
            make_sighting(ABOUT, sender=B, count=count, first=first, last=NOW, now=NOW)


@pytest.mark.parametrize("about", ["", "x", "indicator--1", "x--00000000-0000-4000-8000-000000000001;"])
def test_what_is_no_id_is_refused(about: str) -> None:
    with pytest.raises(SettingsError, match="not the id of an object"):
        make_opinion(about, sender=B, says="agree", because="x", now=NOW)


class Partner:
    """A server that takes everything, or answers with a status."""

    def __init__(self, status: int = 202) -> None:
        self.status, self.bodies = status, list[bytes]()

    def post(self, _url: str, body: bytes) -> Got:
        self.bodies.append(body)
        count = len(json.loads(body)["objects"])
        return Got(self.status, {"total_count": count, "success_count": count, "description": "no"})


def test_what_is_sent_is_logged_first_also_if_it_is_refused(book: Book) -> None:
    made = make_opinion(ABOUT, sender=B, says="agree", because="x", now=NOW)
    partner: Any = Partner()
    before = book.log.size
    done = push(partner, "https://a.example/c/", made, book=book, recipient="Host A", purpose="opinion")
    assert done["success_count"] == 2
    assert book.log.size == before + 1
    refusing: Any = Partner(403)
    with pytest.raises(SharingError, match="answered 403: no"):
        push(refusing, "https://a.example/c/", made, book=book, recipient="Host A", purpose="opinion")
    assert book.log.size == before + 2


def test_much_is_sent_in_parts_and_nonsense_not_at_all(book: Book) -> None:
    many = [{"type": "tool", "id": f"tool--00000000-0000-4000-8000-{n:012d}"} for n in range(2_001)]
    partner: Any = Partner()
    push(partner, "https://a.example/c/", many, book=book, recipient="A", purpose="p")
    assert [len(json.loads(b)["objects"]) for b in partner.bodies] == [2_000, 1]
    before = book.log.size
    with pytest.raises(SharingError, match="not STIX"):
        push(partner, "https://a.example/c/", [{"id": 1}], book=book, recipient="A", purpose="p")
    assert book.log.size == before
