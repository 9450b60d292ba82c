"""Markings: known answers, as OASIS published TLP 2.0 for STIX."""

from __future__ import annotations

import pytest

from stillwatch.sharing.markings import statement_marking, tlp_marking
from stillwatch.sharing.nouns import Tlp

PUBLISHED = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


@pytest.mark.parametrize("label", list(Tlp))
def test_a_label_is_the_published_object(label: Tlp) -> None:
    assert tlp_marking(label) == {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": PUBLISHED[label],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{label.upper()}",
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension",
                "tlp_2_0": str(label),
            }
        },
    }


def test_terms_are_one_object_wherever_they_are_said() -> None:
    one, again, other = (statement_marking(t, created="2026-01-01T00:00:00.000Z") for t in ("a", "a", "b"))
    assert one == again
    assert one["id"] != other["id"]
