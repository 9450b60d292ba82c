"""The heads of the bill and its exceptions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registers import CRITERIA, NETWORK
from stillwatch.errors import RegistryError
from stillwatch.evidence.bundle.heads import MARKS as BUNDLE_MARKS
from stillwatch.evidence.bundle.heads import heads
from stillwatch.registry.criteria import LIMBS, MARKS, PURPOSE, Criteria, Exemption, Met, check_criteria


def test_the_heads_are_worded_as_in_evidence_bundles() -> None:
    campaign = {
        "coordination": {"evidence": {}, "bits": 1.0}, "objective": "code", "accounts": 2,
        "distillation": {"evidence": {}},
        "objectives": {},
    }  # fmt: skip
    said = heads(campaign, whole=False)["heads"]
    assert {h["head"] for h in said} == {*LIMBS.values(), *PURPOSE.values()}
    assert set(MARKS) == set(BUNDLE_MARKS) - {"not claimed"}


@pytest.mark.parametrize("criteria", [CRITERIA, NETWORK])
def test_what_meets_its_category_passes(criteria: Criteria) -> None:
    check_criteria(criteria)


@pytest.mark.parametrize(
    ("criteria", "why"),
    [
        (replace(CRITERIA, limbs=()), "limbs: none"),
        (replace(CRITERIA, purpose=()), "purpose: nothing"),
        (replace(CRITERIA, limbs=(Met("tariffs", "observed", "x"),)), "no such head: 'tariffs'"),
        (replace(CRITERIA, limbs=(Met("terms", "proved", "x"),)), "mark 'proved'"),
        (replace(CRITERIA, limbs=(Met("terms", "observed", " "),)), "say in words"),
        (replace(CRITERIA, limbs=CRITERIA.limbs * 2), "claimed twice"),
        (
            replace(CRITERIA, authorised_use=Exemption(applies=True, words="a licence")),
            "was authorised \\(a licence\\)",
        ),
        (replace(CRITERIA, authorised_use=Exemption(applies=False, words="")), "authorised_use: say in words"),
        (replace(CRITERIA, acts=("sells",)), "acts and knowing"),
        (replace(NETWORK, acts=()), "acts: name"),
        (replace(NETWORK, acts=("advertises",)), "acts: name"),
        (replace(NETWORK, knowing=" "), "knowing"),
        (replace(NETWORK, free_expression=None), "free_expression"),
        (replace(NETWORK, free_expression=Exemption(applies=False, words="")), "free_expression: say in words"),
    ],
)
def test_what_does_not_is_refused_with_the_reason(criteria: Criteria, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        check_criteria(criteria)


VPN = Exemption(applies=True, words="It is a VPN that people use to read foreign news.")


@pytest.mark.parametrize("acts", [("maintains",), ("provides",), ("maintains", "provides")])
def test_a_vpn_is_no_account_network_for_carrying_traffic(acts: tuple[str, ...]) -> None:
    with pytest.raises(RegistryError, match="VPN or anti-censorship"):
        check_criteria(replace(NETWORK, acts=acts, free_expression=VPN))


@pytest.mark.parametrize("act", ["creates", "obtains", "sells", "brokers"])
def test_a_vpn_that_sells_accounts_is_one(act: str) -> None:
    check_criteria(replace(NETWORK, acts=(act, "provides"), free_expression=VPN))
