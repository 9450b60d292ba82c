"""Fetching from servers that get things wrong, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stillwatch.errors import SharingError
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.http import Got
from stillwatch.sharing.taxii.pull import Pulled, find_collections, pull
from stillwatch.sharing.taxii.times import read_time, write_time
from taxii_world import stix_object

COLLECTION = "https://hub.example/api/collections/c1/"
BASE = 1_790_000_000_000_000


@dataclass
class Server:
    """A server of ``count`` objects, one a microsecond, that pages as the specification says unless ``wrong``."""

    count: int
    page: int = 4
    wrong: Callable[[dict[str, str], dict[str, Any], dict[str, str]], None] = lambda _q, _b, _h: None
    stamps: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stamps = self.stamps or [BASE + n for n in range(self.count)]

    def get(self, url: str) -> Got:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.asked.append(query)
        after = read_time(query["added_after"]) if "added_after" in query else 0
        assert after is not None
        mine = [n for n, at in enumerate(self.stamps) if at > after][int(query.get("next", 0)) :]
        rows, more = mine[: self.page], len(mine) > self.page
        body: dict[str, Any] = {"more": more, "objects": [stix_object(n) for n in rows]} if rows else {}
        if more:
            body["next"] = str(int(query.get("next", 0)) + self.page)
        headers = {"X-TAXII-Date-Added-Last": write_time(self.stamps[rows[-1]])} if rows else {}
        self.wrong(query, body, headers)
        message = HTTPMessage()
        for name, value in headers.items():
            Message.add_header(message, name, value)
        return Got(body.pop("status", 200), body, message)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ReceivedTable]:
    database = open_sharing(f"sqlite:///{tmp_path}/sharing.db")
    yield ReceivedTable(database)
    database.close()


def run(server: Server, table: ReceivedTable) -> Pulled:
    return pull(server, COLLECTION, table, clock=lambda: 0.0)  # type: ignore[arg-type]


def names(table: ReceivedTable) -> int:
    return len(table.objects(kind="indicator"))


def test_fetches_everything_and_then_only_what_is_new(table: ReceivedTable) -> None:
    server = Server(10)
    done = run(server, table)
    assert (done.new, done.pages, done.warnings) == (10, 3, [])
    assert run(server, table).pages == 1
    server.stamps.append(BASE + 99)
    done = run(server, table)
    assert (done.new, done.pages) == (1, 1)
    assert server.asked[-1]["added_after"] == write_time(BASE + 9)


def test_repeats_the_same_filters_with_next(table: ReceivedTable) -> None:
    server = Server(10)
    run(server, table)
    assert all(q["match[version]"] == "all" and q["limit"] == "1000" for q in server.asked)


def test_goes_on_where_it_was_interrupted(table: ReceivedTable) -> None:
    server = Server(10)

    def fail_at_the_third(query: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        if query.get("next") == "8":
            body["status"] = 500

    server.wrong = fail_at_the_third
    with pytest.raises(SharingError, match="answered 500"):
        run(server, table)
    assert names(table) == 8
    server.wrong = lambda _q, _b, _h: None
    assert run(server, table).new == 2


@pytest.mark.parametrize("header", ["undefined", "", None, "2026-01-01 00:00:00", "NaN-NaN-NaNTNaN:NaN:NaNZ"])
def test_a_missing_or_undefined_date_header_loses_nothing(table: ReceivedTable, header: str | None) -> None:
    def wrong(_q: dict[str, str], _b: dict[str, Any], headers: dict[str, str]) -> None:
        headers.clear()
        if header is not None:
            headers["X-TAXII-Date-Added-Last"] = header

    server = Server(10, wrong=wrong)
    done = run(server, table)
    assert done.new == 10
    assert "X-TAXII-Date-Added-Last" in done.warnings[0]
    assert run(server, table).new == 0
    assert "added_after" not in server.asked[-1]


def test_more_without_next_goes_on_by_date_and_loses_no_equals(table: ReceivedTable) -> None:
    def wrong(_q: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        body.pop("next", None)

    server = Server(
        9, wrong=wrong, stamps=[BASE, BASE + 5, BASE + 5, BASE + 7, BASE + 7, BASE + 7, BASE + 9, BASE + 9, BASE + 10]
    )
    done = run(server, table)
    assert done.new == 9
    assert "next is missing" in done.warnings[0]


def test_pages_that_go_in_circles_are_left(table: ReceivedTable) -> None:
    def wrong(_q: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        body["more"], body["next"] = True, "4"

    done = run(Server(10, wrong=wrong), table)
    assert done.warnings == ["its pages go in circles"]
    assert done.pages == 2


def test_more_of_an_empty_page_is_left(table: ReceivedTable) -> None:
    def wrong(_q: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        body.update(more=True, next="x")

    server = Server(0, wrong=wrong)
    assert run(server, table).warnings == ["more is true of an empty page"]


def test_a_server_without_a_filter_of_versions_is_asked_without(table: ReceivedTable) -> None:
    def wrong(query: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        if "match[version]" in query:
            body.clear()
            body["status"] = 400

    done = run(Server(6, wrong=wrong), table)
    assert done.new == 6
    assert done.warnings == ["it refuses match[version]=all"]


def test_an_added_after_that_includes_brings_nothing_twice(table: ReceivedTable) -> None:
    server = Server(5, page=10)
    run(server, table)
    inclusive = Server(5, page=10, stamps=[s + 1 for s in server.stamps])
    done = run(inclusive, table)
    assert done.new == 0


@pytest.mark.parametrize("objects", [{"a": 1}, None, "x", 7])
def test_objects_that_are_no_list_are_none(table: ReceivedTable, objects: Any) -> None:
    def wrong(_q: dict[str, str], body: dict[str, Any], _h: dict[str, str]) -> None:
        body["objects"] = objects

    assert "objects is no list" in run(Server(1, wrong=wrong), table).warnings


def test_the_cursor_never_goes_back(table: ReceivedTable) -> None:
    run(Server(3), table)
    at = table.cursor(COLLECTION)

    def wrong(_q: dict[str, str], _b: dict[str, Any], headers: dict[str, str]) -> None:
        headers["X-TAXII-Date-Added-Last"] = "2001-01-01T00:00:00.000000Z"

    run(Server(1, wrong=wrong, stamps=[BASE + 50]), table)
    assert table.cursor(COLLECTION) == at


def test_a_server_that_was_set_back_is_fetched_again_and_followed_from_there(table: ReceivedTable) -> None:
    run(Server(3), table)
    back: Any = Server(5, stamps=[BASE - 1_000_000 + n for n in range(5)])
    assert run(back, table).new == 0
    assert pull(back, COLLECTION, table, clock=lambda: 0.0, again=True).new == 2
    back.stamps.append(BASE - 900_000)
    assert run(back, table).new == 1


@dataclass
class Directory:
    """Discovery and collections."""

    roots: list[str]

    def get(self, url: str) -> Got:
        if url.endswith("/taxii2/"):
            return Got(200, {"title": "x", "api_roots": self.roots})
        listed = [
            {"id": "c1", "title": "Indicators", "alias": "ind", "can_read": True},
            {"id": "c2", "title": "Write only", "can_read": False},
            {"no": "id"},
        ]
        return Got(200, {"collections": listed})


@pytest.mark.parametrize("wanted", ["", "c1", "ind", "Indicators"])
@pytest.mark.parametrize("url", ["https://hub.example/taxii2/", "https://hub.example/api/"])
def test_an_address_leads_to_its_readable_collections(url: str, wanted: str) -> None:
    http: Any = Directory(["/api/"])
    if url.endswith("/api/"):
        http.get = lambda u: Directory([]).get(u) if "collections" in u else Got(200, {"title": "root"})
    assert find_collections(http, url, wanted) == ["https://hub.example/api/collections/c1/"]


def test_a_collection_that_may_not_be_read_or_is_not_there_is_refused_with_those_there_are() -> None:
    http: Any = Directory(["https://hub.example/api/"])
    with pytest.raises(SharingError, match="there are: Indicators"):
        find_collections(http, "https://hub.example/taxii2/", "c2")


def test_an_api_root_on_another_server_does_not_get_our_token() -> None:
    http: Any = Directory(["https://evil.example/api/"])
    with pytest.raises(SharingError, match="another server"):
        find_collections(http, "https://hub.example/taxii2/")
