"""``share pull`` and ``share push`` as persona TXC of OASIS's TAXII 2.1 Interoperability Test Document 1.0, draft 01.

The server is a stand-in on loopback that answers in the shapes of the test cases and notes what it was asked. Each test
names the section of the case; docs/interoperability.md says which a client that only pulls and adds does not have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from loopback import handling
from stillwatch import __version__
from stillwatch.errors import SharingError
from stillwatch.evidence.book import Book
from stillwatch.settings import EvidenceSettings
from stillwatch.sharing.answering import push
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.pull import Pulled, find_collections, pull
from stillwatch.store.sql import Database
from taxii_world import MEDIA, stix_object

RIGHTS = {"c-1": (False, True), "c-2": (False, False), "c-3": (True, False), "c-4": (True, True)}
READABLE, WRITABLE = "c-3", "c-1"
CUSTOM = {"x_f18dd923_7fdd_4c5c_94f3_807f556bce6b_test_server": "The Server sends the Client a custom property."}
Answer = tuple[int, dict[str, str], Any]


@dataclass
class Partner:
    """The server of the test cases; what it answers beside the usual is in ``answers``, by path without its query."""

    answers: dict[str, Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        sent = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.command, parts.path, query, sent, body))
        status, headers, said = self.answers.get(parts.path, lambda _: self._usual(parts.path))(query)
        return status, {"Content-Type": MEDIA} | headers, orjson.dumps(said)

    def _usual(self, path: str) -> Answer:
        if path == "/taxii2/":
            roots = [f"{self.url}/api1/", "/api2/"]
            return 200, {}, {"title": "TAXII Server Under Test", "default": roots[0], "api_roots": roots} | CUSTOM
        if path == "/api1/":
            return 200, {}, {"title": "Sharing Group 1", "versions": [MEDIA], "max_content_length": 104857600}
        if path == "/api1/collections/":
            may = [{"id": c, "title": f"Collection {c}", "can_read": r, "can_write": w} for c, (r, w) in RIGHTS.items()]
            return 200, {}, {"collections": [one | CUSTOM for one in may]} | CUSTOM
        if path == "/api2/collections/":
            return 200, {}, {}
        return error(404, "Not Found")

    def queries(self) -> list[dict[str, str]]:
        return [query for _, path, query, _, _ in self.asked if path.endswith("/objects/")]


def error(status: int, title: str) -> Answer:
    return status, {}, {"title": title, "http_status": str(status)}


def page(*objects: Any, added: str = "2018-01-18T11:11:13.000Z", **more: Any) -> Answer:
    return 200, {"X-TAXII-Date-Added-Last": added}, {"objects": list(objects), "more": False} | more


@pytest.fixture
def partner() -> Iterator[Partner]:
    made = Partner()
    with handling(made.answer) as made.url:
        yield made


@pytest.fixture
def table(database: Database) -> ReceivedTable:
    return ReceivedTable(database)


def fetch(partner: Partner, table: ReceivedTable) -> Pulled:
    (address,) = find_collections(http(), f"{partner.url}/taxii2/", READABLE)
    return pull(http(), address, table, clock=lambda: 0.0)


def http() -> Http:
    return Http(Credential("t0ken"), sleep=lambda _: None)


OBJECTS = f"/api1/collections/{READABLE}/objects/"


# 2.1, 3.1 How it asks, and who it says it is


def test_it_says_its_name_version_and_media_type(partner: Partner) -> None:
    """2.1.4."""
    find_collections(http(), f"{partner.url}/taxii2/")
    for _, _, _, sent, _ in partner.asked:
        assert (sent["user-agent"], sent["accept"]) == (f"stillwatch/{__version__}", MEDIA)


@pytest.mark.parametrize("credential", [Credential(), Credential("wrong")])
def test_a_401_ends_it_with_the_server_s_words(partner: Partner, credential: Credential) -> None:
    """3.1.1, 3.1.2: two challenges, of which one quotes a comma."""
    challenge = {"WWW-Authenticate": r'Basic realm="taxii", type=1, title="Login to \"apps\"", Basic realm="simple"'}
    partner.answers["/taxii2/"] = lambda _: (401, challenge, {"title": "Unauthorized", "http_status": "401"})
    with pytest.raises(SharingError, match="answered 401: Unauthorized"):
        find_collections(Http(credential), f"{partner.url}/taxii2/")
    assert len(partner.asked) == 1


def test_a_name_and_password_are_shown_as_http_basic(partner: Partner) -> None:
    """3.1.4: the document's own user and password."""
    find_collections(Http(Credential("Passw0rd!", user="test")), f"{partner.url}/taxii2/")
    assert {sent["authorization"] for _, _, _, sent, _ in partner.asked} == {"Basic dGVzdDpQYXNzdzByZCE="}


# 3.2 to 3.5 Discovery, API root, collections


def test_absolute_and_relative_api_roots_are_both_gone_through(partner: Partner) -> None:
    """3.2.1."""
    find_collections(http(), f"{partner.url}/taxii2/")
    assert {"/api1/collections/", "/api2/collections/"} <= {path for _, path, *_ in partner.asked}


def test_an_api_root_leads_to_its_collections_and_a_wrong_one_to_404(partner: Partner) -> None:
    """3.3.1, 3.3.2."""
    assert find_collections(http(), f"{partner.url}/api1/", READABLE) == [f"{partner.url}/api1/collections/{READABLE}/"]
    with pytest.raises(SharingError, match="answered 404: Not Found"):
        find_collections(http(), f"{partner.url}/api3/")


@pytest.mark.parametrize("right", ["can_read", "can_write"])
def test_only_collections_with_the_right_are_taken(partner: Partner, right: str) -> None:
    """3.4.1, 3.5.1: of four collections those that may be read are pulled, and those that may be written added to."""
    found = find_collections(http(), f"{partner.url}/taxii2/", right=right)
    mine = [c for c, may in RIGHTS.items() if may[right == "can_write"]]
    assert found == [f"{partner.url}/api1/collections/{c}/" for c in mine]


@pytest.mark.parametrize(("status", "title"), [(403, "Forbidden"), (404, "Not Found")])
def test_a_collection_that_may_not_be_read_or_is_none_ends_it(
    partner: Partner, table: ReceivedTable, status: int, title: str
) -> None:
    """3.5.2.1, 3.5.3."""
    partner.answers[OBJECTS] = lambda _: error(status, title)
    with pytest.raises(SharingError, match=f"answered {status}: {title}"):
        fetch(partner, table)


def test_a_collection_that_may_not_be_written_ends_it(partner: Partner, tmp_path: Path) -> None:
    """3.5.2.2."""
    partner.answers[OBJECTS] = lambda _: error(403, "Forbidden")
    with pytest.raises(SharingError, match="answered 403: Forbidden"):
        add(partner, tmp_path, READABLE)


# 3.7 to 3.15 Objects


def test_all_objects_of_a_collection_are_fetched(partner: Partner, table: ReceivedTable) -> None:
    """3.7.1."""
    partner.answers[OBJECTS] = lambda _: page(stix_object(1), stix_object(2, name="Bad IP CIDR"))
    done = fetch(partner, table)
    assert (done.new, done.refused, done.warnings) == (2, 0, [])


@pytest.mark.parametrize("said", [{}, {"more": False}])
def test_no_objects_are_none(partner: Partner, table: ReceivedTable, said: dict[str, Any]) -> None:
    """3.7.2."""
    partner.answers[OBJECTS] = lambda _: (200, {}, said)
    done = fetch(partner, table)
    assert (done.new, done.warnings) == (0, [])


def test_the_next_time_only_what_came_later_is_asked_for_and_all_its_versions(
    partner: Partner, table: ReceivedTable
) -> None:
    """3.13.1.1 added_after, 3.13.1.2 limit, 3.13.1.5 match[version]."""
    partner.answers[OBJECTS] = lambda _: page(stix_object(1), added="2018-01-18T11:11:13.000Z")
    fetch(partner, table)
    fetch(partner, table)
    first, second = partner.queries()
    assert first == {"limit": "1000", "match[version]": "all"}
    assert second == first | {"added_after": "2018-01-18T11:11:13.000Z"}


def test_no_filter_is_given_twice_and_a_server_that_refuses_one_is_asked_without(
    partner: Partner, table: ReceivedTable
) -> None:
    """3.13.1.10."""
    partner.answers[OBJECTS] = lambda query: (
        error(400, "Bad Request") if "match[version]" in query else page(stix_object(1))
    )
    done = fetch(partner, table)
    assert (done.new, done.warnings) == (1, ["it refuses match[version]=all"])


@pytest.mark.parametrize("told", [{"next": "token"}, {}])
def test_pages_are_followed_to_the_last(partner: Partner, table: ReceivedTable, told: dict[str, str]) -> None:
    """3.14.1: by ``next``, and without it by X-TAXII-Date-Added-Last."""
    first = page(*(stix_object(n) for n in range(3)), added="2020-11-03T12:30:59.000Z", more=True, **told)
    rest = page(stix_object(3), stix_object(4), added="2020-12-04T12:30:59.000Z")
    partner.answers[OBJECTS] = lambda query: rest if {"next", "added_after"} & set(query) else first
    done = fetch(partner, table)
    assert (done.new, done.pages) == (5, 2)
    assert table.cursor(done.source) == "2020-12-04T12:30:59.000Z"


def add(partner: Partner, tmp_path: Path, collection: str) -> Any:
    settings = EvidenceSettings(folder=tmp_path / "evidence", key_file=tmp_path / "key")
    with contextlib.closing(Book(settings, clock=lambda: 1.0)) as book:
        address = f"{partner.url}/api1/collections/{collection}/"
        return push(http(), address, [stix_object(1)], book=book, recipient="Host B", purpose="a test")


def test_objects_are_added_as_an_envelope_and_the_status_is_counted(partner: Partner, tmp_path: Path) -> None:
    """3.10.1, 3.11.2, 3.15.1: a status with properties that we do not know."""
    status = {
        "id": "2d086da7-4bdc-4f91-900e-d77486753710",
        "status": "pending",
        "request_timestamp": "2016-11-02T12:34:34.123450Z",
        "total_count": 3,
        "success_count": 1,
        "failure_count": 1,
        "pending_count": 1,
        "successes": [{"id": stix_object(1)["id"], "message": "successfully processed!"}],
    }
    partner.answers[f"/api1/collections/{WRITABLE}/objects/"] = lambda _: (202, {}, status | CUSTOM)
    counts = add(partner, tmp_path, WRITABLE)
    assert counts == {"total_count": 3, "success_count": 1, "failure_count": 1, "pending_count": 1}
    ((method, _, _, sent, body),) = partner.asked
    assert (method, sent["content-type"]) == ("POST", MEDIA)
    assert orjson.loads(body) == {"objects": [stix_object(1)]}


def test_custom_properties_of_an_envelope_do_not_disturb(partner: Partner, table: ReceivedTable) -> None:
    """3.15.1."""
    partner.answers[OBJECTS] = lambda _: page(stix_object(1), **CUSTOM)
    done = fetch(partner, table)
    assert (done.new, done.refused, done.warnings) == (1, 0, [])
