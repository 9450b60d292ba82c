"""The server against TAXII 2.1 (OASIS, 10 June 2021), on both databases: media types, errors, rights, discovery.

The checklist is that of what servers get wrong (docs/sharing.md); reading and changing are files of their own.
"""

from __future__ import annotations

import gzip

import pytest

from stillwatch.sharing.taxii.endpoints import MAX_CONTENT_BYTES
from taxii_world import MEDIA, World, ids, stix_object

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
