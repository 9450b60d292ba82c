"""The server against TAXII 2.1 (OASIS, 10 June 2021), on both databases: objects, paging, filters."""

from __future__ import annotations

import pytest

from taxii_world import World, ids, stix_object, versions

# Section 3.4, 5.4: objects, paging, filters


def test_an_empty_result_is_an_empty_object_without_date_headers(world: World) -> None:
    for path in ("objects/", "manifest/", "objects/?match[type]=malware"):
        reply = world.ask(f"{world.root}/{path}")
        assert (reply.status, reply.json) == (200, {})
        assert not [h for h in reply.headers if h.startswith("x-taxii")]


def test_date_added_strictly_increases_also_in_one_bulk_load(world: World) -> None:
    world.post(*(stix_object(n) for n in range(30)))
    world.clock.now -= 3600
    world.post(*(stix_object(n) for n in range(30, 40)))
    added = [m["date_added"] for m in world.ask(f"{world.root}/manifest/").json["objects"]]
    assert added == sorted(set(added))
    assert len(added) == 40


@pytest.mark.parametrize("limit", [1, 7, 39, 40, 41])
@pytest.mark.parametrize("path", ["objects", "manifest"])
def test_pages_hold_everything_once_and_more_says_the_truth(world: World, limit: int, path: str) -> None:
    world.post(*(stix_object(n) for n in range(40)))
    replies = world.pages(f"{world.root}/{path}/", limit=str(limit))
    assert ids(replies) == [stix_object(n)["id"] for n in range(40)]
    assert len(replies) == -(-40 // limit)
    assert all(r.json["more"] is (r is not replies[-1]) for r in replies)
    assert "next" not in replies[-1].json


def test_date_headers_are_those_of_the_first_and_last_of_the_page(world: World) -> None:
    world.post(*(stix_object(n) for n in range(5)))
    added = [m["date_added"] for m in world.ask(f"{world.root}/manifest/").json["objects"]]
    one = stix_object(2)["id"]
    for path, first, last in (
        ("objects/?limit=3", 0, 2),
        ("manifest/?limit=3", 0, 2),
        (f"objects/{one}/", 2, 2),
        (f"objects/{one}/versions/", 2, 2),
    ):
        headers = world.ask(f"{world.root}/{path}").headers
        assert (headers["x-taxii-date-added-first"], headers["x-taxii-date-added-last"]) == (added[first], added[last])


def test_added_after_is_exclusive_and_loses_nothing(world: World) -> None:
    world.post(*(stix_object(n) for n in range(10)))
    added = [m["date_added"] for m in world.ask(f"{world.root}/manifest/").json["objects"]]
    for number, moment in enumerate(added):
        assert len(ids(world.ask(f"{world.root}/objects/?added_after={moment}"))) == 9 - number


def test_a_client_that_repeats_added_after_beside_next_gets_the_next_page(world: World) -> None:
    world.post(*(stix_object(n) for n in range(10)))
    replies = world.pages(f"{world.root}/objects/", limit="4", added_after="2020-01-01T00:00:00Z")
    assert ids(replies) == [stix_object(n)["id"] for n in range(10)]


def test_next_survives_a_restart_and_new_objects(world: World) -> None:
    world.post(*(stix_object(n) for n in range(6)))
    first = world.ask(f"{world.root}/objects/?limit=3").json
    world.post(stix_object(99))
    again = World(world.database)
    again.tokens = world.tokens
    rest = again.ask(f"{world.root}/objects/?limit=100&next={first['next']}")
    assert ids(rest) == [stix_object(n)["id"] for n in (3, 4, 5, 99)]


def test_next_of_another_collection_or_hand_is_400(world: World) -> None:
    world.post(*(stix_object(n) for n in range(3)))
    given = world.ask(f"{world.root}/objects/?limit=1").json["next"]
    changed = given[:-1] + ("A" if given[-1] != "A" else "B")
    for text in (changed, "", "x", "AAAA", "%00", given * 2):
        assert world.ask(f"{world.root}/objects/?next={text}").status == 400
    other = world.callers.add_collection("Other")
    world.tokens["both"] = world.callers.add_caller("other", read=[other], write=[])
    assert world.ask(f"/api/collections/{other}/objects/?next={given}").status == 400


def test_filters_take_lists_and_hold_together(world: World) -> None:
    kinds = ["indicator", "campaign", "malware"]
    world.post(*(stix_object(n, kind=kinds[n % 3]) for n in range(9)))
    one, two = stix_object(0)["id"], stix_object(1, kind="campaign")["id"]
    assert ids(world.ask(f"{world.root}/objects/?match[id]={one},{two}")) == [one, two]
    assert len(ids(world.ask(f"{world.root}/objects/?match[type]=indicator,malware"))) == 6
    assert ids(world.ask(f"{world.root}/objects/?match[id]={one},{two}&match[type]=campaign")) == [two]
    assert ids(world.ask(f"{world.root}/manifest/?match[id]={two}")) == [two]


def test_spec_version_is_a_filter_of_its_own(world: World) -> None:
    old = {k: v for k, v in stix_object(1).items() if k != "spec_version"}
    world.post(old, stix_object(2))
    assert ids(world.ask(f"{world.root}/objects/?match[spec_version]=2.0")) == [old["id"]]
    assert len(ids(world.ask(f"{world.root}/objects/?match[spec_version]=2.0,2.1"))) == 2
    (entry,) = world.ask(f"{world.root}/manifest/?match[spec_version]=2.0").json["objects"]
    assert entry["media_type"] == "application/stix+json;version=2.0"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, ["03"]),
        ("last", ["03"]),
        ("first", ["01"]),
        ("all", ["02", "01", "03"]),
        ("first,last", ["01", "03"]),
        ("2026-01-01T00:00:02.000Z", ["02"]),
        ("2026-01-01T00:00:02Z,last", ["02", "03"]),
        ("2020-01-01T00:00:00Z", []),
    ],
)
def test_versions_are_chosen_by_their_own_time_and_not_by_arrival(
    world: World, wanted: str | None, found: list[str]
) -> None:
    for version in (2, 1, 3):
        world.post(stix_object(1, version=version))
    query = f"?match[version]={wanted}" if wanted else ""
    name = stix_object(1)["id"]
    for path in ("objects/", f"objects/{name}/"):
        assert versions(world.ask(f"{world.root}/{path}{query}")) == found
    assert len(ids(world.ask(f"{world.root}/manifest/{query}"))) == len(found)


def test_an_observable_without_a_version_has_one_and_is_kept_once(world: World) -> None:
    scope = {"type": "domain-name", "id": stix_object(1, kind="domain-name")["id"], "value": "mail.example"}
    assert world.post(scope, scope).json["success_count"] == 2
    world.post(scope)
    (entry,) = world.ask(f"{world.root}/manifest/?match[version]=all").json["objects"]
    assert entry["version"] == entry["date_added"]
    assert ids(world.ask(f"{world.root}/objects/?match[version]={entry['version']}")) == [scope["id"]]


@pytest.mark.parametrize(
    "query",
    [
        "match[colour]=red",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "limit=99999999999",
        "added_after=yesterday",
        "added_after=2026-13-01T00:00:00Z",
        "added_after=2026-01-01T00:00:00",
        "added_after=2026-02-30T00:00:00Z",
        "match[version]=newest",
        "match[version]=all,last",
        "match[version]=",
        "match[id]=a,,b",
        "&".join(f"a{n}=1" for n in range(30)),
    ],
)
def test_a_senseless_query_is_400(world: World, query: str) -> None:
    for path in ("objects", "manifest"):
        reply = world.ask(f"{world.root}/{path}/?{query}")
        assert reply.status == 400
        assert reply.json["description"]


def test_each_endpoint_takes_its_own_filters_only(world: World) -> None:
    world.post(stix_object(1))
    name = stix_object(1)["id"]
    for path, query in (
        (f"objects/{name}/", "match[type]=indicator"),
        (f"objects/{name}/versions/", "match[version]=all"),
        ("", "limit=1"),
    ):
        assert world.ask(f"{world.root}/{path}?{query}").status == 400
    assert world.ask("/taxii2/?x=1").status == 400


def test_a_limit_above_the_servers_is_cut_and_more_counts_what_was_delivered(world: World) -> None:
    world.post(*(stix_object(n) for n in range(400)))
    world.post(*(stix_object(n) for n in range(400, 800)))
    world.post(*(stix_object(n) for n in range(800, 1005)))
    reply = world.ask(f"{world.root}/objects/?limit=5000").json
    assert (len(reply["objects"]), reply["more"]) == (1000, True)
