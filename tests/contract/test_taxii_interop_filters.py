"""Filters and paging of the server as persona TXS of OASIS's TAXII 2.1 Interoperability Test Document 1.0, draft 01.

Each test names the section of the test case that it follows, on both databases; see docs/interoperability.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from taxii_world import World, stix_object

KINDS = ("indicator", "malware", "campaign", "indicator")
OBJECTS = tuple(stix_object(n, kind=kind) for n, kind in enumerate(KINDS))
IDS = tuple(o["id"] for o in OBJECTS)


@pytest.fixture
def filled(world: World) -> World:
    """Four objects, of which the first has a second version and the last is of STIX 2.0."""
    world.post(*OBJECTS[:3], {k: v for k, v in OBJECTS[3].items() if k != "spec_version"})
    world.post(stix_object(0, version=9))
    return world


def found(world: World, query: str, path: str = "objects") -> list[str]:
    reply = world.ask(f"{world.root}/{path}/?{query}")
    assert reply.status == 200
    return sorted(o["id"] for o in reply.json.get("objects", []))


def test_added_after_leaves_out_what_was_there(filled: World) -> None:
    """3.13.1.1."""
    added = [m["date_added"] for m in filled.ask(f"{filled.root}/manifest/?match[version]=all").json["objects"]]
    assert found(filled, f"added_after={added[2]}") == sorted([IDS[3], IDS[0]])
    assert found(filled, f"added_after={added[-1]}") == []


def test_limit_bounds_a_page_and_more_and_next_say_that_there_is_another(filled: World) -> None:
    """3.13.1.2."""
    page = filled.ask(f"{filled.root}/objects/?limit=1").json
    assert (len(page["objects"]), page["more"]) == (1, True)
    assert page["next"]


@pytest.mark.parametrize("path", ["objects", "manifest"])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        pytest.param(f"match[id]={IDS[1]}", {1}, id="3.13.1.3-id"),
        pytest.param("match[type]=indicator", {0, 3}, id="3.13.1.4-type"),
        pytest.param("match[spec_version]=2.1", {0, 1, 2}, id="3.13.1.6-spec_version"),
        pytest.param("match[type]=malware,campaign", {1, 2}, id="3.13.1.7-or"),
        pytest.param(f"match[id]={IDS[0]}&match[type]=indicator", {0}, id="3.13.1.8-and"),
        pytest.param(f"match[id]={IDS[0]}&match[type]=malware", set(), id="3.13.1.8-and-nothing"),
        pytest.param(f"match[type]=indicator,malware&match[id]={IDS[1]},{IDS[2]}", {1}, id="3.13.1.9-or-and"),
    ],
)
def test_a_filter_finds_what_it_says_and_nothing_else(filled: World, path: str, query: str, wanted: set[int]) -> None:
    """3.13.1.3, .4, .6 to .9: commas are a logical or, several filters a logical and."""
    assert found(filled, query, path) == sorted(IDS[n] for n in wanted)


@pytest.mark.parametrize(("wanted", "seconds"), [("first", ["00"]), ("last", ["09"]), ("all", ["00", "09"])])
def test_versions_are_chosen(filled: World, wanted: str, seconds: list[str]) -> None:
    """3.13.1.5."""
    reply = filled.ask(f"{filled.root}/objects/?match[version]={wanted}&match[id]={IDS[0]}")
    assert [o["modified"][17:19] for o in reply.json["objects"]] == seconds


def test_a_filter_given_twice_is_400(filled: World) -> None:
    """3.13.1.10."""
    reply = filled.ask(f"{filled.root}/objects/?match[type]=campaign&match[type]=malware")
    assert (reply.status, reply.json["title"]) == (400, "Bad Request")


@pytest.mark.parametrize(
    "optional", ["match[confidence]=85", "match[indicator_types]=anomalous-activity", "match[tlp]=green",
                 "match[relationships-all]=x", "match[confidence-gte]=10"]
)  # fmt: skip
def test_the_optional_filters_are_refused_and_not_passed_over(filled: World, optional: str) -> None:
    """3.13.2 (optional) is not followed: whoever asks for less must not be sent everything."""
    reply = filled.ask(f"{filled.root}/objects/?{optional}")
    assert (reply.status, reply.json["title"]) == (400, "Bad Request")


def test_versions_are_paged_by_the_date_of_the_last_one(world: World) -> None:
    """3.14.1: a client that goes on with ``added_after`` from X-TAXII-Date-Added-Last sees each version once."""
    for version in range(5):
        world.post(stix_object(1, version=version))
    path = f"{world.root}/objects/{stix_object(1)['id']}/versions/?limit=3"
    first = world.ask(path)
    assert first.json["more"] is True
    last: Any = first.headers["x-taxii-date-added-last"]
    rest = world.ask(f"{path}&added_after={last}")
    assert rest.json["more"] is False
    versions = [*first.json["versions"], *rest.json["versions"]]
    assert versions == [stix_object(1, version=v)["modified"] for v in range(5)]
