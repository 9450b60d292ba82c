"""An entry's file."""

from __future__ import annotations

import json

from register_sites import Published
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.commitments import Opening, verify_opening
from stillwatch.evidence.proofs import parse_proof, verify_proof
from stillwatch.evidence.quorum import parse_policy
from stillwatch.registry.proofs import entry_file, policy_file


def test_the_package_s_own_verifier_takes_every_leaf_too(published: Published) -> None:
    publication = published.publication
    policy = parse_policy(policy_file(publication).encode())
    for record in publication.records:
        said = json.loads(entry_file(record, publication))
        assert said["entry"] == record.name
        for leaf in said["leaves"]:
            verify_proof(parse_proof(leaf["proof"].encode()), leaf["leaf"].encode(), policy)
            if not leaf.get("erased"):
                opening = Opening(leaf["disclosures"], leaf["digests"])
                assert verify_opening(opening, parse_canonical(leaf["leaf"].encode())["private"])["note"]


def test_of_an_erased_entry_only_the_tombstone_is_open(published: Published) -> None:
    record = next(r for r in published.publication.records if r.name == "R-4")
    text = entry_file(record, published.publication)
    assert "Secretfern" not in text
    assert [leaf.get("erased", False) for leaf in json.loads(text)["leaves"]] == [True] * 5 + [False]
