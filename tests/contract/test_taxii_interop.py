"""The server as persona TXS of OASIS's TAXII 2.1 Interoperability Test Document 1.0, draft 01 (30 March 2022).

Each test names the section of the test case that it follows, on both databases. Where the cases were read, and which
are not followed, is said in docs/interoperability.md.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from stillwatch.sharing.taxii import jobs as job_settings
from taxii_world import MEDIA, World, stix_object

NOWHERE = "d021ecc8-ab8e-41ab-815e-911c7e329f88"
ONE = stix_object(1)["id"]
READS = ("objects/", "manifest/", f"objects/{ONE}/", f"objects/{ONE}/versions/")


def names(reply: Any) -> list[str]:
    return [o["id"] for o in reply.json.get("objects", [])]


def is_error(reply: Any, status: int, title: str) -> bool:
    said = reply.json
    return (reply.status, said["http_status"], said["title"]) == (status, str(status), title)


def basic(password: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'test:{password}'.encode()).decode()}"}


# 3.1 Authentication and authorization


def test_without_authorization_it_says_401_and_how_to_authenticate(world: World) -> None:
    """3.1.1: every challenge has a scheme and a realm, and Basic is one of them."""
    reply = world.ask("/taxii2/", caller=None)
    assert is_error(reply, 401, "Unauthorized")
    challenges = reply.headers["www-authenticate"].split(", ")
    assert all('realm="' in c for c in challenges)
    assert "Basic" in [c.split()[0] for c in challenges]


def test_a_wrong_password_is_401(world: World) -> None:
    """3.1.2."""
    for path in ("/taxii2/", "/api/", f"{world.root}/objects/"):
        assert is_error(world.ask(path, caller=None, headers=basic("wrong")), 401, "Unauthorized")


def test_a_client_certificate_is_a_credential_and_another_is_none(world: World) -> None:
    """3.1.3; over TLS itself: tests/integration/test_taxii_server.py."""
    world.callers.add_caller(f"by certificate {world.collection}", read=[world.collection], write=[], certificate=b"x")
    assert world.ask(f"{world.root}/objects/", caller=None, certificate=b"x").status == 200
    assert world.ask(f"{world.root}/objects/", caller=None, certificate=b"y").status == 401


def test_http_basic_is_taken_with_the_token_as_password(world: World) -> None:
    """3.1.4."""
    assert world.ask("/taxii2/", caller=None, headers=basic(world.tokens["both"])).json["title"] == "Test"


# 3.2 to 3.5 Discovery, API root, collections


def test_discovery_names_its_api_roots_and_a_default_among_them(world: World) -> None:
    """3.2.1."""
    found = world.ask("/taxii2/")
    assert (found.status, found.headers["content-type"]) == (200, MEDIA)
    assert found.json["default"] in found.json["api_roots"]
    assert all(world.ask(root.partition("127.0.0.1:80")[2]).status == 200 for root in found.json["api_roots"])


def test_an_api_root_says_title_versions_and_longest_body(world: World) -> None:
    """3.3.1."""
    root = world.ask("/api/").json
    assert root["title"]
    assert MEDIA in root["versions"]
    assert root["max_content_length"] > 0


def test_an_api_root_that_is_none_is_404(world: World) -> None:
    """3.3.2."""
    for path in ("/api3/", f"/api3/collections/{world.collection}/"):
        assert is_error(world.ask(path), 404, "Not Found")


def test_collections_come_in_the_order_of_their_ids_with_the_caller_s_rights(world: World) -> None:
    """3.4.1, 2.1.7: sorted by id, ascending, whatever they are called."""
    may = {world.callers.add_collection(f"{n} {world.collection}"): n for n in range(9, 0, -1)}
    read, write = ([c for c, n in may.items() if n % 3 != left] for left in (1, 2))
    world.tokens["many"] = world.callers.add_caller(f"many {world.collection}", read=read, write=write)
    found = world.ask("/api/collections/", caller="many").json["collections"]
    assert [c["id"] for c in found] == sorted(may)
    assert all((c["can_read"], c["can_write"]) == (may[c["id"]] % 3 != 1, may[c["id"]] % 3 != 2) for c in found)


@pytest.mark.parametrize(
    ("caller", "reads", "writes"), [("writer", False, True), ("both", True, True), ("reader", True, False)]
)
def test_a_collection_says_what_this_caller_may(world: World, caller: str, *, reads: bool, writes: bool) -> None:
    """3.5.1.1 write only, 3.5.1.2 both, 3.5.1.3 read only."""
    one = world.ask(f"{world.root}/", caller=caller).json
    assert (one["id"], one["can_read"], one["can_write"]) == (world.collection, reads, writes)
    assert one["title"]
    assert one["media_types"] == ["application/stix+json;version=2.1"]


def test_a_collection_in_which_one_may_do_nothing_is_not_shown(world: World) -> None:
    """3.5.1.4 is not followed: it shows such a collection with both rights false; here its existence is nobody's."""
    assert world.ask(f"{world.root}/", caller="nobody").status == 404


def test_reading_a_write_only_collection_is_403(world: World) -> None:
    """3.5.2.1, and the same of 3.6, 3.7, 3.8 and 3.9: whether the object is there or not."""
    for _ in range(2):
        assert all(is_error(world.ask(f"{world.root}/{r}", caller="writer"), 403, "Forbidden") for r in READS)
        world.post(stix_object(1))


def test_writing_to_a_read_only_collection_is_403_and_writes_nothing(world: World) -> None:
    """3.5.2.2, 3.10."""
    assert is_error(world.post(stix_object(1), caller="reader"), 403, "Forbidden")
    assert names(world.ask(f"{world.root}/objects/")) == []


def test_deleting_needs_both_rights(world: World) -> None:
    """3.5.2.3 with one of the two 403; 3.5.2.4 with neither 404, as if nothing were there."""
    world.post(stix_object(1))
    path = f"{world.root}/objects/{ONE}/"
    for caller in ("reader", "writer"):
        assert is_error(world.ask(path, method="DELETE", caller=caller), 403, "Forbidden")
    assert is_error(world.ask(path, method="DELETE", caller="nobody"), 404, "Not Found")
    assert names(world.ask(path)) == [ONE]


def test_a_collection_that_is_none_is_404(world: World) -> None:
    """3.5.3."""
    for rest in ("", *READS):
        assert is_error(world.ask(f"/api/collections/{NOWHERE}/{rest}"), 404, "Not Found")


# 3.6 to 3.12 Manifest, objects, versions, status, deletion


def test_the_manifest_has_an_entry_with_four_properties_for_each_object(world: World) -> None:
    """3.6.1."""
    world.post(stix_object(1), stix_object(2))
    reply = world.ask(f"{world.root}/manifest/")
    assert names(reply) == [ONE, stix_object(2)["id"]]
    (first, last) = reply.json["objects"]
    assert set(first) == {"id", "date_added", "version", "media_type"}
    assert first["version"] == stix_object(1)["modified"]
    assert reply.headers["x-taxii-date-added-first"] == first["date_added"]
    assert reply.headers["x-taxii-date-added-last"] == last["date_added"]


def test_objects_come_as_they_were_sent_in_the_order_of_their_arrival(world: World) -> None:
    """3.7.1."""
    sent = [stix_object(2), stix_object(1, name="Bad IP CIDR")]
    world.post(*sent)
    reply = world.ask(f"{world.root}/objects/")
    assert (reply.json["objects"], reply.json["more"]) == (sent, False)
    assert {"x-taxii-date-added-first", "x-taxii-date-added-last"} <= set(reply.headers)


def test_without_objects_the_answer_is_200_without_any(world: World) -> None:
    """3.7.2."""
    reply = world.ask(f"{world.root}/objects/")
    assert reply.status == 200
    assert reply.json.get("objects", []) == []
    assert reply.json.get("more", False) is False


def test_one_object_by_its_id_or_404(world: World) -> None:
    """3.8.1, 3.8.2."""
    world.post(stix_object(1), stix_object(2))
    assert world.ask(f"{world.root}/objects/{ONE}/").json["objects"] == [stix_object(1)]
    assert is_error(world.ask(f"{world.root}/objects/{stix_object(3)['id']}/"), 404, "Not Found")


def test_the_versions_of_an_object(world: World) -> None:
    """3.9.1."""
    world.post(stix_object(1), stix_object(1, version=5))
    found = world.ask(f"{world.root}/objects/{ONE}/versions/").json
    assert found == {"more": False, "versions": [stix_object(1, version=v)["modified"] for v in (0, 5)]}


def test_adding_is_202_with_a_status_whose_counts_agree(world: World) -> None:
    """3.10.1, 3.11.1."""
    reply = world.post(stix_object(1), caller="writer")
    said = reply.json
    assert (reply.status, said["status"]) == (202, "complete")
    assert (said["total_count"], said["success_count"], said["failure_count"], said["pending_count"]) == (1, 1, 0, 0)
    assert world.ask(f"/api/status/{said['id']}/", caller="writer").json == said


def test_a_status_under_way_names_what_succeeded_failed_and_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.11.2: all properties of a status."""
    monkeypatch.setattr(job_settings, "PART", 2)
    bad = stix_object(2) | {"modified": "yesterday"}
    name = world.post(stix_object(1), bad, stix_object(3)).json["id"]
    take = world.jobs._take

    def take_one_part(*part: Any) -> bool:
        world.jobs._stopped.set()
        return take(*part)

    monkeypatch.setattr(world.jobs, "_take", take_one_part)
    world.jobs._finish(name)
    said = world.ask(f"/api/status/{name}/").json
    assert said.pop("request_timestamp").endswith("Z")
    assert said == {
        "id": name,
        "status": "pending",
        "total_count": 3,
        "success_count": 1,
        "successes": [{"id": ONE, "version": stix_object(1)["modified"]}],
        "failure_count": 1,
        "failures": [{"id": bad["id"], "message": "modified or created is not an RFC 3339 time in UTC with Z"}],
        "pending_count": 1,
        "pendings": [{"id": stix_object(3)["id"], "version": stix_object(3)["modified"]}],
    }


def test_an_object_is_deleted_by_its_id(world: World) -> None:
    """3.12.1."""
    world.post(stix_object(1), stix_object(2))
    assert world.ask(f"{world.root}/objects/{ONE}/", method="DELETE").status == 200
    assert names(world.ask(f"{world.root}/objects/")) == [stix_object(2)["id"]]


def test_custom_properties_of_an_envelope_do_not_disturb(world: World) -> None:
    """3.15.1: a client's own property beside ``objects`` is passed over."""
    own = {"x_18467e42_04f4_4505_93c8_9f1cf29e1045_test_client": "The Client sends the Server a custom property."}
    reply = world.ask(f"{world.root}/objects/", method="POST", body={"objects": [stix_object(1)]} | own)
    assert (reply.status, reply.json["success_count"]) == (202, 1)
    assert world.ask(f"{world.root}/objects/").json["objects"] == [stix_object(1)]
