"""What we take in, as persona SXC of OASIS's STIX 2.1 Interoperability Test Document 1.0, draft 01 (October 2021).

The objects have the shape of the document's test data, with networks and names of documentation. Each test names the
section, on both databases; docs/interoperability.md says which use cases are not ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from stillwatch.sharing.nouns import Kind, Received
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.stix_list import Json
from stillwatch.store.sql import Database
from taxii_world import START

TLP_1 = {
    "white": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
"""STIX 2.1, section 7.2.1.4."""
HASH = "4bac27393bdd9777ce02453256c5577cd02275510b2227f473d03f533924f877"


def said(kind: str, by: Json | None = None, *, version: int = 1, **more: Any) -> Json:
    """Return an object as the test data have it: of an identity, with a name of its own."""
    made = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid4()}", "created": "2018-01-01T11:11:13.000Z"}
    made |= {"modified": f"2018-01-{version:02d}T11:11:13.000Z"}
    return made | {"created_by_ref": by["id"] if by else made["id"]} | more


def indicator(by: Json, pattern: str = "[ipv4-addr:value = '198.51.100.1']", **more: Any) -> Json:
    """An indicator of the test data, and an end, which they have not."""
    fields = {
        "name": "Bad IP1",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2018-01-01T00:00:00.000Z",
        "valid_until": "2030-01-01T00:00:00.000Z",
    }
    return said("indicator", by, **(fields | more))


@dataclass
class Consumer:
    """The table of what was received, from one source, with two identities that are known."""

    table: ReceivedTable
    source: str = field(default_factory=lambda: f"https://{uuid4()}.example/c/")
    acme: Json = field(default_factory=lambda: said("identity", name="ACME Corp, Inc.", identity_class="organization"))
    emca: Json = field(default_factory=lambda: said("identity", name="EMCA Corp, Inc.", identity_class="organization"))

    def take(self, *objects: Json) -> tuple[int, int]:
        return self.table.take(self.source, objects, cursor="", now=START)

    def kept(self, one: Json) -> list[Json]:
        return [o for o in self.table.objects(kind=one["type"]) if o["id"] == one["id"]]

    def reads(self, one: Json) -> Received | None:
        """Return how an indicator is used; None for one that is kept and not looked for."""
        found = [r for r in self.table.indicators(now=START) if r.object == one["id"]]
        return found[0] if found else None

    def found(self, one: Json) -> Received:
        received = self.reads(one)
        assert received is not None
        return received


@pytest.fixture
def consumer(database: Database) -> Consumer:
    made = Consumer(ReceivedTable(database))
    assert made.take(made.acme, made.emca) == (2, 0)
    return made


# 2.3 What every test case has in common


def test_objects_are_kept_as_they_came_with_what_they_refer_to(consumer: Consumer) -> None:
    """2.3.2, 3.7.5: also properties that we do not know."""
    one = indicator(consumer.acme, description="…", labels=["x"], lang="en", x_scanner={"hits": 3})
    campaign = said("campaign", consumer.acme, name="Green Group Attacks Against Finance")
    link = said(
        "relationship",
        consumer.acme,
        relationship_type="indicates",
        source_ref=one["id"],
        target_ref=campaign["id"],
    )
    assert consumer.take(one, campaign, link) == (3, 0)
    for made in (consumer.acme, one, campaign, link):
        assert consumer.kept(made) == [made]


def test_who_says_it_is_known_by_an_identity_that_is_there(consumer: Consumer) -> None:
    """2.3.2, 2.3.4."""
    one = indicator(consumer.acme)
    consumer.take(one)
    assert consumer.found(one).sender == consumer.acme["id"]
    assert consumer.kept(consumer.acme)[0]["name"] == "ACME Corp, Inc."


# 3.3, 3.5 Confidence, data markings


@pytest.mark.parametrize(("more", "confidence"), [({"confidence": 85}, 85), ({}, 50)])
def test_confidence_is_the_sender_s(consumer: Consumer, more: Json, confidence: int) -> None:
    """3.3.6: as said, and in the middle if nothing is said."""
    one = indicator(consumer.acme, **more)
    consumer.take(one)
    assert consumer.found(one).confidence == confidence


@pytest.mark.parametrize("colour", list(TLP_1))
def test_markings_stay_with_the_object(consumer: Consumer, colour: str) -> None:
    """3.5.6: the four labels of TLP 1.0, whose definitions need not travel along."""
    one = indicator(consumer.acme, object_marking_refs=[TLP_1[colour]])
    assert consumer.take(one) == (1, 0)
    assert consumer.kept(one)[0]["object_marking_refs"] == [TLP_1[colour]]
    assert consumer.found(one).holds


# 3.7 Indicators


@pytest.mark.parametrize(
    ("pattern", "kind", "value"),
    [
        pytest.param("[ipv4-addr:value = '198.51.100.1']", Kind.NETWORK, "198.51.100.0/24", id="3.7.3.1-IPv4"),
        pytest.param(
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24']", Kind.NETWORK, "198.51.100.0/24", id="3.7.3.2-CIDR"
        ),
        pytest.param(
            "[ipv6-addr:value = '2001:0db8:85a3:0000:0000:8a2e:0370:7334']",
            Kind.NETWORK,
            "2001:db8:85a3::/48",
            id="3.7.3.4-IPv6",
        ),
        pytest.param(
            "[ipv6-addr:value ISSUBSET '2001:DB8::0/120']", Kind.NETWORK, "2001:db8::/48", id="3.7.3.5-IPv6-CIDR"
        ),
        pytest.param(
            "[domain-name:value = 'www.BAD.example']", Kind.EMAIL_DOMAIN, "www.bad.example", id="3.7.3.7-FQDN"
        ),
    ],
)
def test_an_indicator_of_the_network_or_a_domain_is_looked_for(
    consumer: Consumer, pattern: str, kind: Kind, value: str
) -> None:
    """3.7.6 with 3.7.3.1, .2, .4, .5, .7: addresses as the network around them, as all of ours are compared."""
    one = indicator(consumer.acme, pattern)
    consumer.take(one)
    received = consumer.found(one)
    assert (received.kind, received.value, received.holds) == (kind, value, True)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR ipv4-addr:value ISSUBSET '203.0.113.0/24']",
            id="3.7.3.3-two-CIDRs",
        ),
        pytest.param("[url:value = 'https://www.bad.example/foo']", id="3.7.3.8-URL"),
        pytest.param(
            "[url:value = 'https://www.bad.example/foo' OR domain-name:value = 'www.bad.example']",
            id="3.7.3.9-URL-or-FQDN",
        ),
        pytest.param(f"[file:hashes.'SHA-256' = '{HASH}' OR file:hashes.MD5 = '{HASH[:32]}']", id="3.7.3.10-hash"),
    ],
)
def test_an_indicator_of_anything_else_is_kept_and_not_looked_for(consumer: Consumer, pattern: str) -> None:
    """3.7.6 with 3.7.3.3, .8, .9, .10: calls to an API have neither URL nor file, and no "or" is guessed at."""
    one = indicator(consumer.acme, pattern)
    assert consumer.take(one) == (1, 0)
    assert consumer.kept(one) == [one]
    assert consumer.reads(one) is None


def test_several_indicators_come_together(consumer: Consumer) -> None:
    """3.7.6 with 3.7.3.6."""
    two = [indicator(consumer.acme), indicator(consumer.acme, "[ipv4-addr:value = '203.0.113.12']")]
    assert consumer.take(*two) == (2, 0)
    assert [consumer.found(one).value for one in two] == ["198.51.100.0/24", "203.0.113.0/24"]


def test_an_indicator_without_an_end_is_read_and_does_not_hold(consumer: Consumer) -> None:
    """3.7.6, further than the document: its indicators have no ``valid_until``, and ours are never for ever."""
    endless = indicator(consumer.acme)
    del endless["valid_until"]
    consumer.take(endless)
    assert (consumer.found(endless).value, consumer.found(endless).holds) == ("198.51.100.0/24", False)


# 3.15, 3.17 Opinions, sightings


@pytest.mark.parametrize(("by", "disputed"), [("emca", True), ("acme", False)])
def test_an_opinion_of_another_counts_and_the_sender_s_own_does_not(
    consumer: Consumer, by: str, *, disputed: bool
) -> None:
    """3.15.6 with 3.15.3.1."""
    one = indicator(consumer.acme)
    thinks = said("opinion", getattr(consumer, by), opinion="strongly-disagree", object_refs=[one["id"]])
    assert consumer.take(one, thinks) == (2, 0)
    assert consumer.found(one).disputed is disputed


def test_an_opinion_on_what_we_do_not_look_for_is_kept(consumer: Consumer) -> None:
    """3.15.6 with 3.15.3.2: on malware."""
    malware = said("malware", consumer.acme, name="Poison", is_family=False)
    thinks = said("opinion", consumer.emca, opinion="strongly-agree", object_refs=[malware["id"]])
    assert consumer.take(malware, thinks) == (2, 0)
    assert consumer.kept(thinks) == [thinks]


def seen(by: Json, one: Json, **more: Any) -> Json:
    fields = {"sighting_of_ref": one["id"], "count": 50, "first_seen": "2017-12-21T19:00:00.000Z"}
    return said("sighting", by, **(fields | {"last_seen": "2018-01-06T19:00:00.000Z"} | more))


def test_a_sighting_is_kept_beside_what_was_seen(consumer: Consumer) -> None:
    """3.17.6 with 3.17.3.1."""
    one = indicator(consumer.acme)
    sighting = seen(consumer.emca, one)
    assert consumer.take(one, sighting) == (2, 0)
    assert consumer.kept(sighting) == [sighting]


# 3.20 Versioning


def test_a_modified_indicator_takes_the_place_of_the_one_before(consumer: Consumer) -> None:
    """3.20.5, 3.20.8 with 3.20.3.1 and 3.20.7.1, and not the other way round."""
    first = indicator(consumer.acme)
    second = first | {"modified": "2018-01-18T13:04:22.000Z", "confidence": 30}
    second |= {"pattern": "[ ipv4-addr:value = '203.0.113.1' ]", "indicator_types": ["anomalous-activity"]}
    assert consumer.take(first) == (1, 0)
    assert consumer.take(second) == (1, 0)
    assert consumer.take(first) == (0, 0)
    assert consumer.kept(first) == [second]
    assert (consumer.found(first).value, consumer.found(first).confidence) == ("203.0.113.0/24", 30)


def test_a_modified_and_a_revoked_sighting_take_the_place_of_the_one_before(consumer: Consumer) -> None:
    """3.20.8 with 3.20.7.2, 3.20.12 with 3.20.11.2."""
    one = indicator(consumer.acme)
    sighting = seen(consumer.emca, one)
    consumer.take(one, sighting)
    for version, more in ((2, {"count": 60}), (3, {"revoked": True})):
        later = sighting | more | {"modified": f"2018-01-{version:02d}T11:11:13.000Z"}
        assert consumer.take(later) == (1, 0)
        assert consumer.kept(sighting) == [later]
    assert not consumer.found(one).revoked


def test_a_revoked_indicator_holds_no_more_whatever_comes_after(consumer: Consumer) -> None:
    """3.20.12 with 3.20.11.1; no later version may follow a revocation."""
    one = indicator(consumer.acme)
    revoked = one | {"modified": "2018-01-19T13:04:22.000Z", "revoked": True}
    after = one | {"modified": "2018-02-19T13:04:22.000Z"}
    consumer.take(one)
    assert consumer.found(one).holds
    assert consumer.take(revoked) == (1, 0)
    assert consumer.take(after) == (0, 0)
    assert (consumer.found(one).revoked, consumer.found(one).holds) == (True, False)


def test_another_identity_cannot_change_or_revoke_it(consumer: Consumer) -> None:
    """3.20.8, 3.20.12: only who created an object makes versions of it."""
    one = indicator(consumer.acme)
    theirs = one | {"created_by_ref": consumer.emca["id"], "modified": "2018-02-01T00:00:00.000Z", "revoked": True}
    consumer.take(one, theirs)
    mine = [r for r in consumer.table.indicators(now=START) if r.object == one["id"]]
    assert {r.sender: r.holds for r in mine} == {consumer.acme["id"]: True, consumer.emca["id"]: False}
