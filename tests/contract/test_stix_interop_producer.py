"""What we make, as persona SXP of OASIS's STIX 2.1 Interoperability Test Document 1.0, draft 01 (October 2021).

A share, an answer to a partner and the register's bundle are held against what the document asks of a producer beyond
STIX itself. Each test names the section; docs/interoperability.md says which use cases are not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
import pytest

from register_sites import publish_all
from sharing_world import NOW, campaign, observable, parcel
from stillwatch.errors import SharingError
from stillwatch.registry.exports.stix import stix_bundle
from stillwatch.sharing.answering import make_opinion, make_sighting
from stillwatch.sharing.exporter import find_exporter
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.markings import TLP_EXTENSION, TLP_IDS
from stillwatch.sharing.nouns import Sender, Tlp
from stillwatch.sharing.stix_list import stix_list
from stillwatch.store.sql import Database

Json = dict[str, Any]
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIMES = {"created", "modified", "valid_from", "valid_until", "first_seen", "last_seen"}
COMMON = {"type", "spec_version", "id", "created_by_ref", "created", "modified"}
OURS = {"campaign", "indicator", "relationship", "sighting"}
"""What a sender says; markings, identities, techniques and the extension's definition travel along."""


@cache
def share(tlp: Tlp = Tlp.AMBER) -> list[Json]:
    more = observable("prefix", "2001:db8:7::/48", key=78)
    made = campaign(observables=[*campaign()["observables"], more])
    one = find_exporter("stix")
    (bundle,) = one.documents(parcel(made, tlp=tlp))
    found: list[Json] = orjson.loads(one.write([bundle]))["objects"]
    return found


def of(kind: str, objects: list[Json]) -> list[Json]:
    found = [o for o in objects if o["type"] == kind]
    assert found
    return found


def answers(says: str = "strongly-disagree", count: int = 50, days: int = 0) -> list[Json]:
    about, now = of("indicator", share())[0]["id"], NOW + timedelta(days=days)
    host_b = Sender("Host B")
    seen = make_sighting(about, sender=host_b, count=count, first=NOW - timedelta(days=7), last=now, now=now)
    return [*make_opinion(about, sender=host_b, says=says, because="a class with one homework", now=now), seen[1]]


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    found: list[Json] = orjson.loads(stix_bundle(publish_all(tmp_path_factory.mktemp("register")).publication))[
        "objects"
    ]
    return found


@pytest.fixture(params=["share", "register"])
def bundled(request: pytest.FixtureRequest, register: list[Json]) -> list[Json]:
    return register if request.param == "register" else share()


def references(made: Json) -> Iterator[str]:
    for name, value in made.items():
        if name.endswith("_ref"):
            yield value
        elif name.endswith("_refs"):
            yield from value
    # The extension of TLP 2.0 is OASIS's own, and published like the markings.
    yield from set(made.get("extensions", {})) - {TLP_EXTENSION}


def check_properties(made: Json, wanted: set[str]) -> None:
    assert {*COMMON, *wanted} <= set(made)
    assert made["spec_version"] == "2.1"
    assert re.fullmatch(f"{made['type']}--[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}", made["id"])
    assert made["created_by_ref"].startswith("identity--")
    assert all(MILLISECONDS.fullmatch(made[name]) for name in TIMES & set(made)), made


# 2.3 What every test case has in common


def test_everything_that_is_referred_to_is_in_the_bundle(bundled: list[Json]) -> None:
    """2.3.3."""
    ids = {o["id"] for o in bundled}
    assert {ref for o in bundled for ref in references(o)} <= ids
    assert len(ids) == len(bundled)


def test_every_maker_is_an_identity_of_the_bundle_that_says_itself(bundled: list[Json]) -> None:
    """2.3.4."""
    makers = {o["created_by_ref"] for o in bundled if "created_by_ref" in o}
    for made in (o for o in of("identity", bundled) if o["id"] in makers):
        check_properties(made, {"name", "identity_class"})
        assert made["created_by_ref"] == made["id"]
        # The extension's author is software, the same at every host.
        assert made["identity_class"] == ("system" if made["name"] == "Stillwatch" else "organization")


def test_who_answers_travels_with_the_answer() -> None:
    """2.3.4; 2.3.3 is not followed here: the object that is answered is the partner's, who has it."""
    holder, *said = answers()
    check_properties(holder, {"name", "identity_class"})
    assert {o["created_by_ref"] for o in (holder, *said)} == {holder["id"]}


def test_a_relationship_joins_two_objects_of_the_bundle() -> None:
    """2.3.6."""
    ids = {o["id"]: o["type"] for o in share()}
    ends = set()
    for made in of("relationship", share()):
        check_properties(made, {"relationship_type", "source_ref", "target_ref"})
        ends.add((ids[made["source_ref"]], made["relationship_type"], ids[made["target_ref"]]))
    assert ends == {("campaign", "uses", "attack-pattern"), ("indicator", "indicates", "campaign")}


# 3.2, 3.3, 3.5 Campaigns, confidence, data markings


def test_a_campaign_has_a_name_and_the_common_properties() -> None:
    """3.2.2."""
    for made in of("campaign", share()):
        check_properties(made, {"name"})


def test_every_indicator_says_how_sure_its_sender_is() -> None:
    """3.3.2."""
    assert all(isinstance(o["confidence"], int) and 0 < o["confidence"] <= 100 for o in of("indicator", share()))


@pytest.mark.parametrize("tlp", list(Tlp))
def test_everything_that_is_said_carries_one_tlp_marking(tlp: Tlp) -> None:
    """3.5.2, 3.5.3.1 to .4; with the labels of TLP 2.0 (2022), which the draft is older than."""
    for made in (o for o in share(tlp) if o["type"] in OURS):
        assert [ref for ref in made["object_marking_refs"] if ref in TLP_IDS.values()] == [TLP_IDS[tlp]]


def test_the_register_and_the_answers_carry_one_too(register: list[Json]) -> None:
    """3.5.2."""
    assert {tuple(o["object_marking_refs"]) for o in answers()[1:]} == {(TLP_IDS[Tlp.AMBER],)}
    said = [o for o in register if o["type"] != "marking-definition"]
    assert {tuple(o["object_marking_refs"]) for o in said} == {(TLP_IDS[Tlp.CLEAR],)}


# 3.7 Indicators


def test_an_indicator_has_the_properties_of_the_document() -> None:
    """3.7.2, and an end besides."""
    for made in of("indicator", share()):
        check_properties(made, {"name", "pattern", "pattern_type", "valid_from", "valid_until", "indicator_types"})
        assert made["indicator_types"] == ["malicious-activity"]


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", id="3.7.3.2-IPv4-CIDR"),
        pytest.param("[ipv6-addr:value ISSUBSET '2001:db8:7::/48']", id="3.7.3.5-IPv6-CIDR"),
        pytest.param("[domain-name:value = 'mail-616b2b.example']", id="3.7.3.7-FQDN"),
    ],
)
def test_an_indicator_is_of_what_the_campaign_used(pattern: str) -> None:
    """3.7.3.2, 3.7.3.5, 3.7.3.7, and 3.7.3.6: they are several in one bundle."""
    (made,) = [o for o in of("indicator", share()) if o["pattern"] == pattern]
    assert made["pattern_type"] == "stix"
    assert len(of("indicator", share())) == 9


# 3.15, 3.17 Opinions, sightings


def test_an_opinion_is_of_another_s_object() -> None:
    """3.15.2, 3.15.3.1: an opinion on an indicator by a different identity."""
    (made,) = of("opinion", answers())
    about = of("indicator", share())[0]
    check_properties(made, {"opinion", "object_refs"})
    assert (made["opinion"], made["object_refs"]) == ("strongly-disagree", [about["id"]])
    assert made["created_by_ref"] != about["created_by_ref"]


def test_a_sighting_says_what_how_often_and_from_when_to_when() -> None:
    """3.17.2, 3.17.3.1."""
    for made in [*of("sighting", answers()), *of("sighting", share())]:
        check_properties(made, {"sighting_of_ref", "count", "first_seen", "last_seen"})
        assert made["first_seen"] <= made["last_seen"]
    assert of("sighting", answers())[0]["count"] == 50


# 3.20 Versioning


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def say(ledger: Ledger, name: str, *, accounts: int = 1234, days: int = 0) -> list[Json]:
    """Share a campaign with an indicator that no other has."""
    own = campaign(name, accounts=accounts, observables=[observable("user_agent", name)])
    made = parcel(own, made_at=NOW + timedelta(days=days))
    settled = ledger.settle(stix_list(made))
    ledger.note(name, settled)
    return settled


def test_a_first_version_is_created_when_it_is_made() -> None:
    """3.20.2."""
    assert all(o["modified"] == o["created"] for o in (*share(), *answers()) if "modified" in o)


def test_a_changed_object_keeps_its_id_and_created_and_is_later(ledger: Ledger) -> None:
    """3.20.6, 3.20.7: of what a share says; what did not change keeps its version."""
    first, second = (
        {o["id"]: o for o in say(ledger, "C-changed", accounts=n, days=d) if o["type"] in OURS}
        for n, d in ((1234, 0), (4321, 3))
    )
    assert set(first) == set(second)
    assert all(second[name]["created"] == first[name]["created"] for name in first)
    changed = {first[name]["type"] for name in first if second[name]["modified"] > first[name]["modified"]}
    assert changed == {o["type"] for n, o in first.items() if o | {"modified": ""} != second[n] | {"modified": ""}}
    assert "campaign" in changed


def test_a_changed_answer_keeps_its_id_and_created_and_is_later(ledger: Ledger) -> None:
    """3.20.6, 3.20.7.2: an opinion, and a sighting that was seen more often."""
    first, second = (
        ledger.settle_answers(answers(says, count=count, days=days))[1:]
        for says, count, days in (("disagree", 50, 0), ("agree", 60, 3))
    )
    for before, after in zip(first, second, strict=True):
        assert (after["id"], after["created"]) == (before["id"], before["created"])
        assert after["modified"] > before["modified"]


def test_a_revocation_is_a_last_later_version(ledger: Ledger) -> None:
    """3.20.10, 3.20.11.1 an indicator, .2 a sighting: revoked, later, created as it was, and nothing after it."""
    before = {o["id"]: o for o in say(ledger, "C-revoked")}
    gone = ledger.withdraw("C-revoked", now=NOW)
    assert {"indicator", "sighting"} <= {o["type"] for o in gone}
    assert len({o["id"] for o in gone}) == len(gone)
    for made in gone:
        was = before[made["id"]]
        assert made == was | {"revoked": True, "modified": made["modified"]}
        assert made["modified"] > was["modified"]
    with pytest.raises(SharingError, match="nothing follows a revocation"):
        say(ledger, "C-revoked", days=5)


def test_a_tombstone_of_the_register_is_revoked(register: list[Json]) -> None:
    """3.20.10; of an entry that was erased nobody knows any more when it was created, so it is as old as its end."""
    gone = {o["name"]: o for o in register if o.get("revoked") and o["type"] == "report"}
    assert set(gone) == {"withdrawn: Quillfern Model Works Ltd", "An erased entry"}
    for made in gone.values():
        check_properties(made, {"name", "object_refs"})
        assert made["modified"] >= made["created"]
