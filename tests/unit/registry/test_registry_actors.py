"""Who acts signs: a change holds for its place and its signer only, and a key is one person under any name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registers import CHANGES, DRAFT, NOW, Clock, evidence
from stillwatch.errors import EvidenceError, RegistryError
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Algorithm, VerifierKey
from stillwatch.registry.actors import Actor, Place, check_signature, make_actor, read_actor, signed_bytes
from stillwatch.registry.changes import AddEvidence, Decide, GiveNotice, Publish, Signed, TakeAnswer, Withdraw
from stillwatch.registry.nouns import Stance, actor_of
from stillwatch.registry.register import Register, open_register
from stillwatch.registry.rules import DAY
from stillwatch.registry.statuses import Status, Step
from stillwatch.registry.verify_register import actor

PLACE = Place("register.example", "R-1", b'{"step":1}')


@pytest.fixture
def author(tmp_path: Path) -> Actor:
    return make_actor(tmp_path / "author.key", "author")


def renamed(actor: Actor, name: str) -> Actor:
    """Return the same key under another name: what a lonely author would try."""
    key = VerifierKey(name, Algorithm.ED25519, actor.signer.verifier.public_key)
    return Actor(Signer(key, actor.signer.private_key))


def test_a_key_is_read_back_as_it_was_made(author: Actor, tmp_path: Path) -> None:
    assert read_actor(tmp_path / "author.key").key == author.key
    assert (tmp_path / "author.key").stat().st_mode & 0o77 == 0
    with pytest.raises(EvidenceError, match="a key already"):
        make_actor(tmp_path / "author.key", "author")
    with pytest.raises(RegistryError, match="register actor NAME"):
        read_actor(tmp_path / "none.key")
    make_actor(tmp_path / "other.key", "author")
    (tmp_path / "author.key.vkey").write_text((tmp_path / "other.key.vkey").read_text())
    with pytest.raises(RegistryError, match="another key"):
        read_actor(tmp_path / "author.key")


def test_a_passphrase_protects_a_key(tmp_path: Path) -> None:
    made = make_actor(tmp_path / "a.key", "a", passphrase=b"secret words")
    assert read_actor(tmp_path / "a.key", passphrase=lambda: b"secret words").key == made.key
    with pytest.raises(EvidenceError, match="another passphrase"):
        read_actor(tmp_path / "a.key", passphrase=lambda: b"wrong")


def test_what_is_signed_is_the_change_in_its_place(author: Actor) -> None:
    signed = author.sign(Signed(7, "", Withdraw("Wrong.")), PLACE)
    head, register, entry, after, text = signed_bytes(signed, PLACE).decode().split("\n")
    assert (head, register, entry) == ("stillwatch.register-change/1", "register.example", "R-1")
    assert after == "8565a568653654ae5b4d4444245fa76e8bdea8c7d0db4a75bcffbb60bd6a0452"
    assert text == replace(signed, signature="").text()
    check_signature(signed, PLACE)


@pytest.mark.parametrize(
    "place",
    [
        replace(PLACE, register="other.example"),
        replace(PLACE, entry="R-2"),
        replace(PLACE, after=b'{"step":2}'),
        replace(PLACE, after=None),
    ],
)
def test_a_change_cannot_be_moved(author: Actor, place: Place) -> None:
    with pytest.raises(RegistryError, match="does not hold"):
        check_signature(author.sign(Signed(7, "", Withdraw("Wrong.")), PLACE), place)


def test_a_change_cannot_be_altered_or_given_to_another(author: Actor, tmp_path: Path) -> None:
    signed = author.sign(Signed(7, "", Withdraw("Wrong.")), PLACE)
    other = make_actor(tmp_path / "other.key", "other")
    for forged in (
        replace(signed, at=8),
        replace(signed, change=Withdraw("Right.")),
        replace(signed, by="other"),
        replace(signed, by="other", key=other.key),
        replace(signed, key=""),
        replace(signed, signature=""),
        replace(signed, signature="AAAA" + signed.signature[4:]),
    ):
        with pytest.raises(RegistryError):
            check_signature(forged, PLACE)


def test_one_key_is_one_person_whatever_they_call_themselves(author: Actor, tmp_path: Path) -> None:
    clock = Clock()
    with Register(tmp_path / "register", clock=clock, origin="register.example", names=lambda: "R-1") as register:
        register.draft(DRAFT, by=author)
        register.make("R-1", AddEvidence(evidence()), by=author)
        register.make("R-1", GiveNotice("letter", NOW + 30 * DAY), by=author)
        register.make("R-1", TakeAnswer("counsel", Stance.COMMENTS, "Words."), by=author)
        publish = Publish("Sound.", NOW + 300 * DAY)
        same_name = make_actor(tmp_path / "again.key", "author")
        for impostor in (author, renamed(author, "reviewer"), same_name):
            with pytest.raises(RegistryError, match="wrote this entry"):
                register.make("R-1", publish, by=impostor)
        reviewer = make_actor(tmp_path / "reviewer.key", "reviewer")
        register.make("R-1", publish, by=reviewer)
        register.make("R-1", CHANGES[Step.APPEAL], by=author)
        withdrawn = Decide(Status.WITHDRAWN, "They were hacked.")
        with pytest.raises(RegistryError, match="decided about this entry before"):
            register.make("R-1", withdrawn, by=renamed(reviewer, "judge"))
        register.make("R-1", withdrawn, by=make_actor(tmp_path / "judge.key", "judge"))
    record = open_register(tmp_path / "register").records["R-1"]
    assert record.entry is not None
    assert record.entry.is_signed
    assert {leaf.signed.by for leaf in record.leaves if leaf.signed} == {"author", "reviewer", "judge"}


def test_a_key_with_a_plus_at_its_end_is_compared_whole() -> None:
    assert actor_of("a", "a+0a1b2c3d+AZ/N+x+") == {"a", "AZ/N+x+"}
    assert actor_of("a", "") == {"a"}
    assert actor({"by": "a", "key": "a+0a1b2c3d+AZ/N+x+"}) == {"a", "AZ/N+x+"}
    assert actor({"by": "a"}) == {"a"}


def test_a_register_takes_no_name_without_a_key(author: Actor, tmp_path: Path) -> None:
    with Register(tmp_path / "register", clock=Clock(), origin="register.example", names=lambda: "R-1") as register:
        with pytest.raises(RegistryError, match="without a key"):
            register.draft(DRAFT, by="author")
        register.draft(DRAFT, by=author)
    fictional = Register(tmp_path / "register", clock=Clock(), typed_names=True)
    with fictional, pytest.raises(RegistryError, match="all signed, or none"):
        fictional.make("R-1", CHANGES[Step.AMEND], by="author")
