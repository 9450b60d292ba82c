"""STIX 2.1: one bundle with every object that the others refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.sharing.exporter import Form, exporter
from stillwatch.sharing.nouns import Parcel
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.stix_objects import bundle

Json = dict[str, Any]
MEANINGS = {
    "type": "what kind of object this is",
    "spec_version": "version of STIX",
    "id": "name of the object, made from what it describes",
    "created": "when its first version was made",
    "modified": "when this version was made",
    "created_by_ref": "who says it",
    "name": "its name: the sender's, a technique's, a campaign's number, or the kind of indicator",
    "identity_class": "that the sender is an organization",
    "contact_information": "where to write to the sender",
    "description": "a fixed sentence",
    "schema": "where the extension's fields are described",
    "version": "version of the extension",
    "extension_types": "how the extension extends",
    "extension_type": "how the extension extends",
    "tlp_2_0": "how far the recipient may pass it on (TLP 2.0)",
    "definition_type": "kind of marking",
    "statement": "the sender's terms",
    "object_marking_refs": "markings of the object",
    "source_name": "catalogue of techniques",
    "external_id": "technique of MITRE ATLAS",
    "objective": "what the campaign harvested",
    "first_seen": "day of the first call",
    "last_seen": "day of the last call",
    "accounts": "about how many accounts, to two digits",
    "exchanges": "about how many completed calls, to two digits",
    "strength_bits": "odds that it is a campaign, to the base 2",
    "rung": "a claim",
    "status": "whether it is measured, inferred or not made",
    "log_origin": "name of the evidence log",
    "log_size": "entries of the log at that time",
    "bundle_sha256": "digest of the evidence bundle",
    "indicator_types": "kind of indicator",
    "pattern": "WHAT TO LOOK FOR: network, program, domain, fingerprint, wording, or keyed hash",
    "pattern_type": "language of the pattern",
    "valid_from": "day from which it was seen",
    "valid_until": "day after which nobody should look for it",
    "confidence": "how sure the sender is, 0 to 100",
    "family": "kind of evidence",
    "match_weight_bits": "weight of the evidence",
    "keyed_with": "name of the group key of a keyed hash",
    "relationship_type": "how two objects belong together",
    "source_ref": "one of the two",
    "target_ref": "the other",
    "sighting_of_ref": "what was seen",
    "where_sighted_refs": "who saw it",
    "count": "about how many accounts had it, to two digits",
}


@exporter("stix", form=Form.JSON, meanings=MEANINGS)
def stix_bundle(parcel: Parcel) -> Iterator[Json]:
    """STIX 2.1 bundle: campaigns, ATLAS techniques, indicators and sightings, marked with TLP 2.0."""
    yield bundle(stix_list(parcel))
