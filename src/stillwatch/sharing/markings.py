"""Markings as STIX objects: TLP 2.0 by its published ids, terms as a statement.

The ids, the date and the extension are those that OASIS published for TLP 2.0 (cti-stix-common-objects,
extension-definition-specifications/tlp-2.0); STIX 2.1 itself knows TLP 1.0 only.
"""

from __future__ import annotations

from typing import Any

from stillwatch.sharing.nouns import Tlp
from stillwatch.sharing.stix_ids import stix_id

Json = dict[str, Any]
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_IDS = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


def tlp_marking(tlp: Tlp) -> Json:
    """Return the marking object of a TLP 2.0 label, as published."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp.upper()}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": str(tlp)}},
    }


def statement_marking(terms: str, *, created: str) -> Json:
    """Return the marking object of a sender's terms."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": stix_id("marking-definition", terms),
        "created": created,
        "definition_type": "statement",
        "definition": {"statement": terms},
    }
