"""Records from and to plain JSON."""

from __future__ import annotations

from typing import Any

import pytest

from registers import CHANGES, NETWORK
from stillwatch.errors import RegistryError
from stillwatch.registry.changes import Draft, Signed, read_signed
from stillwatch.registry.criteria import Criteria
from stillwatch.registry.forms import from_json, to_json
from stillwatch.registry.statuses import Step

GOOD: dict[str, Any] = to_json(CHANGES[Step.DRAFT])


@pytest.mark.parametrize("step", Step)
def test_every_change_reads_back_the_same(step: Step) -> None:
    signed = Signed(5, "me", CHANGES[step])
    assert read_signed(signed.text(), where="here") == signed


def test_an_optional_record_reads_back_too() -> None:
    assert from_json(Criteria, to_json(NETWORK), where="here") == NETWORK


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "f: not a table of Draft"),
        ({**GOOD, "entty": 1}, "no such field: entty; there are: entity, claims, criteria, follows"),
        ({"entity": GOOD["entity"], "claims": []}, "f: criteria is missing"),
        ({**GOOD, "claims": {}}, "f: claims: not a list"),
        ({**GOOD, "claims": [1]}, r"f: claims\[0\]: not a table of Claim"),
        ({**GOOD, "follows": 1}, "f: follows: 1 is no text"),
        ({**GOOD, "entity": {"kind": "Robot", "name": "x"}}, "'Robot' is none of Company, "),
        ({**GOOD, "entity": {"kind": "Company", "name": " "}}, "f: entity: name is empty"),
    ],
)
def test_what_does_not_fit_is_named(data: object, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        from_json(Draft, data, where="f")


def test_true_is_no_confidence() -> None:
    claim = {**GOOD["claims"][0], "confidence": True}
    with pytest.raises(RegistryError, match="confidence: True is no whole number"):
        from_json(Draft, {**GOOD, "claims": [claim]}, where="f")
