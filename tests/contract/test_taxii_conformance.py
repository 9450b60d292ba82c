"""The server against TAXII 2.1 (OASIS Standard, 10 June 2021), section by section, on both databases.

The checklist is that of what servers get wrong (docs/sharing.md): discovery, collections, pull with filters and paging,
push with status, versions, deletion, and refusals.
"""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stillwatch.sharing.taxii.endpoints import MAX_CONTENT_BYTES
from taxii_world import MEDIA, World, stix_object


def ids(replies: Any) -> list[str]:
    replies = replies if isinstance(replies, list) else [replies]
    return [o["id"] for r in replies for o in r.json.get("objects", [])]


# Section 1.6, 3.3: media types and errors


@pytest.mark.parametrize(
    "accept",
    [
        MEDIA,
        "application/taxii+json; version=2.1",
        "application/taxii+json",
        'application/taxii+json;version="2.1"',
        "Application/TAXII+JSON ; Version=2.1",
        "text/html, application/taxii+json;version=2.1;q=0.5",
        "*/*",
        "",
    ],
)
def test_every_spelling_of_the_media_type_is_taken(world: World, accept: str) -> None:
    reply = world.ask("/taxii2/", headers={"accept": accept})
    assert (reply.status, reply.headers["content-type"]) == (200, MEDIA)


@pytest.mark.parametrize(
    "accept",
    ["application/json", "application/taxii+json;version=2.0", "application/vnd.oasis.stix+json", f"{MEDIA};q=0"],
)
def test_another_media_type_is_406_with_an_error_object(world: World, accept: str) -> None:
    reply = world.ask("/taxii2/", headers={"accept": accept})
    assert reply.status == 406
    assert set(reply.json) == {"title", "description", "http_status"}
    assert reply.json["http_status"] == "406"


@pytest.mark.parametrize("content_type", ["application/json", "application/taxii+json;version=2.0", "", "text/plain"])
def test_a_body_of_another_media_type_is_415(world: World, content_type: str) -> None:
    reply = world.ask(
        f"{world.root}/objects/",
        method="POST",
        body={"objects": [stix_object(1)]},
        headers={"content-type": content_type},
    )
    assert reply.status == 415
    assert ids(world.ask(f"{world.root}/objects/")) == []


def test_too_long_a_body_is_413_before_it_is_read(world: World) -> None:
    length = {"content-length": str(MAX_CONTENT_BYTES + 1)}
    assert world.ask(f"{world.root}/objects/", method="POST", body=b"x", headers=length).status == 413
    assert world.ask(f"{world.root}/objects/", method="POST", body=b" " * (MAX_CONTENT_BYTES + 1)).status == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"objects":{}}', b'{"objects":[]}', b"\xff", b'{"x":1}'])
def test_a_body_that_is_no_envelope_is_422(world: World, body: bytes) -> None:
    assert world.ask(f"{world.root}/objects/", method="POST", body=body).status == 422


def test_a_method_that_an_endpoint_has_not_is_405_and_says_which_it_has(world: World) -> None:
    reply = world.ask("/taxii2/", method="PUT")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_head_answers_like_get_without_a_body(world: World) -> None:
    get, head = (world.ask("/taxii2/", method=m) for m in ("GET", "HEAD"))
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_a_long_answer_is_compressed_for_those_who_take_it(world: World) -> None:
    world.post(*(stix_object(n) for n in range(20)))
    plain = world.ask(f"{world.root}/objects/")
    packed = world.ask(f"{world.root}/objects/", headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert (
        "content-encoding" not in world.ask(f"{world.root}/objects/", headers={"accept-encoding": "gzip;q=0"}).headers
    )


# Section 3.5 and 3.8: who may


def test_without_a_credential_everything_is_401_and_says_how(world: World) -> None:
    for path in ("/taxii2/", "/api/", f"{world.root}/objects/", "/nothing/"):
        reply = world.ask(path, caller=None)
        assert reply.status == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "Token {}"])
def test_a_token_is_taken_as_clients_send_it(world: World, scheme: str) -> None:
    sent = {"authorization": scheme.format(world.tokens["both"])}
    assert world.ask("/taxii2/", caller=None, headers=sent).status == 200
    assert world.ask("/taxii2/", caller=None, headers={"authorization": scheme.format("swshare-no")}).status == 401


def test_what_a_caller_has_no_right_to_is_like_what_is_not_there(world: World) -> None:
    world.post(stix_object(1))
    nowhere = "00000000-0000-4000-8000-000000000000"
    for rest in ("", "objects/", "manifest/", f"objects/{stix_object(1)['id']}/", "objects/x/versions/"):
        replies = [
            world.ask(f"/api/collections/{world.hidden}/{rest}"),
            world.ask(f"/api/collections/{nowhere}/{rest}"),
            world.ask(f"{world.root}/{rest}", caller="nobody"),
        ]
        assert {r.status for r in replies} == {404}
        assert len({r.body for r in replies}) == 1


def test_a_writer_may_not_read_and_a_reader_may_not_write(world: World) -> None:
    one = stix_object(1)
    assert world.post(one, caller="reader").status == 403
    assert world.post(one, caller="writer").status == 202
    for path in ("objects/", "manifest/", f"objects/{one['id']}/", f"objects/{one['id']}/versions/"):
        assert world.ask(f"{world.root}/{path}", caller="writer").status == 403
    for caller in ("reader", "writer"):
        assert world.ask(f"{world.root}/objects/{one['id']}/", method="DELETE", caller=caller).status == 403
    assert ids(world.ask(f"{world.root}/objects/", caller="reader")) == [one["id"]]


# Section 4 and 5.1, 5.2: discovery, API root, collections


def test_discovery_names_an_api_root_that_says_its_versions_and_limit(world: World) -> None:
    found = world.ask("/taxii2/", headers={"host": "taxii.host.example:8089"}).json
    assert found["api_roots"] == ["http://taxii.host.example:8089/api/"] == [found["default"]]
    root = world.ask("/api/").json
    assert root["versions"] == [MEDIA]
    assert root["max_content_length"] == MAX_CONTENT_BYTES


def test_a_host_header_is_not_echoed_unless_it_is_one(world: World) -> None:
    assert "<" not in world.ask("/taxii2/", headers={"host": "<script>"}).body.decode()


def test_collections_say_what_this_caller_may(world: World) -> None:
    for caller, may in (("both", (True, True)), ("reader", (True, False)), ("writer", (False, True))):
        (one,) = world.ask("/api/collections/", caller=caller).json["collections"]
        assert (one["can_read"], one["can_write"]) == may
        assert one == world.ask(f"{world.root}/", caller=caller).json
        assert one["media_types"] == ["application/stix+json;version=2.1"]
    assert world.ask("/api/collections/", caller="nobody").json == {}


def test_a_path_without_its_last_slash_is_the_same(world: World) -> None:
    assert world.ask("/api/collections").body == world.ask("/api/collections/").body


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


def versions(reply: Any) -> list[str]:
    return [o["modified"][17:19] for o in reply.json.get("objects", [])]


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


# Section 5.5, 4.3: add, status


def test_what_was_added_comes_back_as_it_was(world: World) -> None:
    one = stix_object(1, x_note="ünïcode ☃ \u0000", numbers=[1, 2.5, None, True])
    world.post(one)
    assert world.ask(f"{world.root}/objects/").json["objects"] == [one]


def test_partial_failure_is_said_object_by_object(world: World) -> None:
    bad = stix_object(2) | {"modified": "yesterday"}
    reply = world.post(stix_object(1), bad, "no object", stix_object(3) | {"id": "indicator--1"}, stix_object(4))
    assert reply.status == 202
    status = reply.json
    counts = ("total_count", "success_count", "failure_count", "pending_count")
    assert [status[c] for c in counts] == [5, 2, 3, 0]
    assert status["status"] == "complete"
    assert [s["id"] for s in status["successes"]] == [stix_object(1)["id"], stix_object(4)["id"]]
    assert [f["id"] for f in status["failures"]] == [bad["id"], "", "indicator--1"]
    assert all(f["message"] for f in status["failures"])
    assert status == world.ask(f"/api/status/{status['id']}/").json
    assert len(ids(world.ask(f"{world.root}/objects/"))) == 2


def test_a_status_is_its_senders_alone(world: World) -> None:
    name = world.post(stix_object(1)).json["id"]
    assert world.ask(f"/api/status/{name}/", caller="reader").status == 404
    assert world.ask("/api/status/nothing/").status == 404


def test_a_large_job_is_pending_first_and_complete_after(world: World) -> None:
    status = world.post(*(stix_object(n) for n in range(501)), "bad").json
    assert (status["status"], status["pending_count"]) == ("pending", 502)
    assert len(status["pendings"]) == 502
    world.jobs.start()
    world.jobs.stop()
    world.jobs._stopped.clear()
    for name in world.jobs._open_jobs():
        world.jobs._finish(name)
    status = world.ask(f"/api/status/{status['id']}/").json
    assert (status["status"], status["success_count"], status["failure_count"]) == ("complete", 501, 1)


def test_a_status_is_kept_a_day_at_least_and_not_for_good(world: World) -> None:
    name = world.post(stix_object(1)).json["id"]
    world.clock.now += 24 * 3600 + 60
    world.jobs._forget()
    assert world.ask(f"/api/status/{name}/").status == 200
    world.clock.now += 24 * 3600
    world.jobs._forget()
    assert world.ask(f"/api/status/{name}/").status == 404


def test_a_caller_bound_to_an_identity_speaks_in_its_own_name_only(world: World) -> None:
    me, other = (stix_object(n, kind="identity")["id"] for n in (1, 2))
    world.tokens["bound"] = world.callers.add_caller(
        f"bound {world.collection}", read=[world.collection], write=[world.collection], identity=me
    )
    mine, theirs = stix_object(1, created_by_ref=me), stix_object(2, created_by_ref=other, revoked=True)
    reply = world.post(mine, theirs, stix_object(3, kind="identity"), caller="bound").json
    assert [f["id"] for f in reply["failures"]] == [theirs["id"]]
    assert reply["success_count"] == 2


def test_the_same_version_again_changes_nothing(world: World) -> None:
    world.post(stix_object(1))
    before = world.ask(f"{world.root}/manifest/").body
    assert world.post(stix_object(1)).json["success_count"] == 1
    assert world.ask(f"{world.root}/manifest/").body == before


def test_a_reader_who_follows_date_added_misses_nothing_that_writers_add_meanwhile(world: World) -> None:
    seen: list[str] = []
    after, stop = "2020-01-01T00:00:00Z", threading.Event()

    def read() -> None:
        nonlocal after
        rows = world.ask(f"{world.root}/manifest/?added_after={after}&limit=7").json.get("objects", [])
        seen.extend(r["id"] for r in rows)
        after = rows[-1]["date_added"] if rows else after

    def write(first: int) -> None:
        for number in range(first, first + 8):
            world.post(*(stix_object(number * 10 + n) for n in range(3)))

    def follow() -> None:
        while not stop.is_set():
            read()

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(follow)
        for writer in [pool.submit(write, first) for first in (100, 200, 300)]:
            writer.result()
        stop.set()
        reader.result()
    for _ in range(20):
        read()
    assert len(seen) == len(set(seen)) == 3 * 8 * 3


# Section 5.6, 5.7, 5.8: one object, deletion, versions


def test_versions_are_listed_in_the_order_of_their_arrival_and_paged(world: World) -> None:
    for version in (2, 1, 3):
        world.post(stix_object(1, version=version))
    path = f"{world.root}/objects/{stix_object(1)['id']}/versions/"
    found = [v for r in world.pages(path, limit="2") for v in r.json["versions"]]
    assert [v[17:19] for v in found] == ["02", "01", "03"]


def test_an_object_that_is_not_there_is_404_and_one_that_no_filter_meets_is_empty(world: World) -> None:
    world.post(stix_object(1))
    for rest in ("", "versions/"):
        assert world.ask(f"{world.root}/objects/{stix_object(2)['id']}/{rest}").status == 404
        assert world.ask(f"{world.root}/objects/{stix_object(1)['id']}/{rest}?match[spec_version]=2.0").json == {}


def test_deletion_takes_the_latest_or_the_versions_named(world: World) -> None:
    for version in (1, 2, 3):
        world.post(stix_object(1, version=version))
    path = f"{world.root}/objects/{stix_object(1)['id']}/"
    assert world.ask(path, method="DELETE").status == 200
    assert versions(world.ask(path)) == ["02"]
    assert world.ask(f"{path}?match[version]=first", method="DELETE").status == 200
    assert versions(world.ask(f"{path}?match[version]=first")) == ["02"]
    assert world.ask(f"{path}?match[version]=all", method="DELETE").status == 200
    assert world.ask(path).status == 404
    assert world.ask(path, method="DELETE").status == 404


def test_a_revocation_is_a_later_version(world: World) -> None:
    world.post(stix_object(1))
    world.post(stix_object(1, version=5, revoked=True))
    (only,) = world.ask(f"{world.root}/objects/").json["objects"]
    assert only["revoked"]


def test_no_error_says_what_a_database_or_python_said(world: World) -> None:
    for path in (
        "/api/collections/'/objects/",
        "/api/collections/%00/",
        "/%ff%fe/",
        f"{world.root}/objects/?match[id]='",
    ):
        body = json.dumps(world.ask(path).json)
        assert "Error" not in body
        assert "sqlite" not in body.lower()
