"""The server against TAXII 2.1 (OASIS, 10 June 2021), on both databases: adding, status, deletion, versions."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from taxii_world import World, ids, stix_object, versions

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
