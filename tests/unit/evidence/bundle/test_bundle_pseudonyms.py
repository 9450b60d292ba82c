from __future__ import annotations

import hmac
from hashlib import sha256

from stillwatch.evidence.bundle.pseudonyms import Pseudonyms

KEY = bytes(range(32))


def test_two_campaigns_cannot_be_joined_by_their_pseudonyms() -> None:
    one, two = Pseudonyms.of(KEY, "C-1"), Pseudonyms.of(KEY, "C-2")
    assert one.account("alice") != two.account("alice")
    assert one.call("c1") != two.call("c1")
    assert one.observable("address", "00") != two.observable("address", "00")
    assert one.commitment != two.commitment


def test_an_auditor_with_the_key_computes_the_same() -> None:
    pseudonyms = Pseudonyms.of(KEY, "C-1")
    assert pseudonyms.account("alice") == hmac.new(pseudonyms.key, b"account\0alice", sha256).hexdigest()
    assert pseudonyms.call("c1") == hmac.new(pseudonyms.key, b"call\0c1", sha256).hexdigest()[:32]
    assert Pseudonyms(pseudonyms.key).commitment == pseudonyms.commitment


def test_a_name_of_one_kind_is_none_of_another() -> None:
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.account("x")[:32] != pseudonyms.call("x")


def test_the_campaign_s_key_is_not_the_deployment_s() -> None:
    assert Pseudonyms.of(KEY, "C-1").key != KEY
