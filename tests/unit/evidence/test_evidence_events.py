"""Events as entries."""

from __future__ import annotations

from hashlib import sha256

from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.commitments import commit
from stillwatch.evidence.events import ERASED_AT_ONCE, Event, erasures, finding, finding_digest
from stillwatch.evidence.tiles import MAX_ENTRY_BYTES


def test_the_private_part_of_an_event_is_only_committed_to() -> None:
    record = Event("decision", {"at": 1}, {"account": "a"}).record()
    said = parse_canonical(record.entry)
    assert said == {"v": 1, "kind": "decision", "at": 1, "private": commit(record.seed, {"account": "a"})}


def test_a_finding_s_digest_is_of_its_json_with_sorted_keys() -> None:
    campaign = {"campaign": "C", "calls": 2, "accounts": 1, "bits": 1.5, "objective": "é", "observables": []}
    text = '{"accounts":1,"bits":1.5,"calls":2,"campaign":"C","objective":"é","observables":[]}'
    assert finding_digest(campaign) == sha256(text.encode()).hexdigest()
    assert finding(campaign, report="r", software="1").fields["sha256"] == finding_digest(campaign)


def test_a_finding_also_has_the_digest_of_its_json_without_labels() -> None:
    campaign = {"campaign": "C", "calls": 2, "accounts": 1, "observables": [{"bits": 1.5, "label": "192.0.2.0/24"}]}
    text = '{"accounts":1,"calls":2,"campaign":"C","observables":[{"bits":1.5,"label":null}]}'
    assert finding(campaign, report="r", software="1").fields["unlabelled"] == sha256(text.encode()).hexdigest()


def test_the_longest_erasure_fits_into_an_entry() -> None:
    first, *_ = erasures(range(2**53 - 1 - ERASED_AT_ONCE, 2**53 - 1), reason="x" * 1_000)
    assert len(first.record().entry) < MAX_ENTRY_BYTES
