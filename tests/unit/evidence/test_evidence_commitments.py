"""Commitments: what is opened is what was committed to, and nothing else can be learnt or claimed."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence.commitments import (
    SALT_BYTES,
    Opening,
    commit,
    disclose,
    new_seed,
    open_fields,
    verify_opening,
)

SEED = bytes(range(32))
FIELDS = {"account": "acct-1", "client_address": "192.0.2.7", "started_at": 1_700_000_000_000_000}


@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_any_fields_can_be_opened_and_the_others_stay_closed(names: set[str]) -> None:
    opening = open_fields(SEED, FIELDS, frozenset(names))
    assert verify_opening(opening, commit(SEED, FIELDS)) == {n: FIELDS[n] for n in names}
    assert set(opening.digests) == set(FIELDS) - names


def test_a_disclosure_is_that_of_the_standard() -> None:
    """RFC 9901 section 4.2: base64url of a JSON array of salt, name and value."""
    (disclosure, *_) = disclose(SEED, FIELDS).values()
    salt, name, value = json.loads(base64.urlsafe_b64decode(disclosure + "=="))
    assert (name, value) == ("account", "acct-1")
    assert len(base64.urlsafe_b64decode(salt + "==")) == SALT_BYTES


def test_every_field_of_every_record_has_a_salt_of_its_own() -> None:
    salts = [
        json.loads(base64.urlsafe_b64decode(d + "=" * (-len(d) % 4)))[0]
        for seed in (SEED, new_seed(), new_seed())
        for d in disclose(seed, dict.fromkeys(FIELDS, "same")).values()
    ]
    assert len(set(salts)) == 9


def test_equal_values_of_two_records_do_not_look_alike() -> None:
    assert commit(SEED, FIELDS) != commit(new_seed(), FIELDS)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_another_value_does_not_open(field: str) -> None:
    opening = open_fields(SEED, FIELDS, frozenset(FIELDS))
    forged = disclose(SEED, FIELDS | {field: "other"})[field]
    with pytest.raises(EvidenceError, match="does not lead to"):
        verify_opening(Opening({**opening.disclosures, field: forged}, {}), commit(SEED, FIELDS))


def test_a_field_left_out_is_noticed() -> None:
    opening = open_fields(SEED, FIELDS, frozenset({"account"}))
    shorter = {n: d for n, d in opening.digests.items() if n != "started_at"}
    with pytest.raises(EvidenceError, match="does not lead to"):
        verify_opening(Opening(opening.disclosures, shorter), commit(SEED, FIELDS))


def test_a_disclosure_under_another_name_is_refused() -> None:
    swapped = {"account": disclose(SEED, FIELDS)["client_address"], "client_address": disclose(SEED, FIELDS)["account"]}
    with pytest.raises(EvidenceError):
        verify_opening(Opening(swapped, {}), commit(SEED, FIELDS))


def test_a_field_cannot_be_open_and_closed() -> None:
    opening = open_fields(SEED, FIELDS, frozenset(FIELDS))
    with pytest.raises(EvidenceError, match="at once"):
        verify_opening(Opening(opening.disclosures, {"account": "x"}), commit(SEED, FIELDS))


def test_an_unknown_field_cannot_be_opened() -> None:
    with pytest.raises(EvidenceError, match="no private field is called nobody"):
        open_fields(SEED, FIELDS, frozenset({"nobody"}))
