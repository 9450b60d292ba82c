"""STIX 2.1 objects as plain dicts: the parts of a parcel, each made in one function. No custom types.

What STIX has no property for is in one property extension, defined by an object that travels along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from stillwatch.sharing import atlas
from stillwatch.sharing.nouns import FAMILY, Indicator, Kind, Proof, Sender, SharedCampaign, Technique
from stillwatch.sharing.patterns import write_pattern
from stillwatch.sharing.stix_ids import stix_id

Json = dict[str, Any]
EPOCH = "2026-01-01T00:00:00.000Z"
"""``created`` of what is the same at every host whoever writes it first: identities, techniques, the extension."""
EXTENSION = stix_id("extension-definition", "stillwatch campaign evidence", "1")
AUTHOR = stix_id("identity", "stillwatch")
SCHEMA = (
    "On a campaign: accounts, exchanges (rounded to two digits), strength_bits, claim_rungs (list of rung and status), "
    "log_origin, log_size, bundle_sha256. On an indicator: family, match_weight_bits, keyed_with (name of a group key)."
)
"""The normative definition as text, which STIX 2.1 section 7.3 allows in place of a URL."""
INDICATOR_NAMES = {
    Kind.NETWORK: "Client network",
    Kind.ASN: "Network operator",
    Kind.EMAIL_DOMAIN: "E-mail domain of sign-ups",
    Kind.USER_AGENT: "Client program",
    Kind.TLS_FINGERPRINT: "TLS fingerprint (JA4)",
    Kind.WORDING: "Wording",
    Kind.PAYMENT: "Payment instrument (keyed hash)",
    Kind.DEVICE: "Sign-up device (keyed hash)",
}
CAUTION = (
    "One more piece of evidence, never sufficient alone: innocent accounts can share it. Not a reason to block anybody."
)


def stamp(moment: datetime) -> str:
    """Write a time as STIX does: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def identity(sender: Sender) -> Json:
    """Return the sender's identity, which it says of itself; its id comes from the name, letter case aside."""
    made = _common("identity", stix_id("identity", sender.name.casefold()), EPOCH)
    made |= {"created_by_ref": made["id"], "name": sender.name, "identity_class": "organization"}
    return made | ({"contact_information": sender.contact} if sender.contact else {})


def extension() -> list[Json]:
    """Return the definition of our property extension, and its author."""
    author = _common("identity", AUTHOR, EPOCH)
    author |= {"created_by_ref": AUTHOR, "name": "Stillwatch", "identity_class": "system"}
    definition = _common("extension-definition", EXTENSION, EPOCH) | {
        "created_by_ref": AUTHOR,
        "name": "Campaign evidence",
        "description": "Rungs of claims, rounded counts, family and weight of evidence, and where it can be checked.",
        "schema": SCHEMA,
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
    return [author, definition]


def attack_pattern(technique: Technique) -> Json:
    """Return a technique of MITRE ATLAS; the same object whoever sends it."""
    reference = {"source_name": atlas.SOURCE_NAME, "external_id": technique.id}
    return _common("attack-pattern", stix_id("attack-pattern", technique.id), EPOCH) | {
        "name": technique.name,
        "external_references": [reference],
    }


def campaign(one: SharedCampaign, *, sender: str, proof: Proof | None, now: str) -> Json:
    """Return a campaign; ``sender`` is the id of its identity."""
    fields: Json = {
        "extension_type": "property-extension",
        "accounts": one.accounts,
        "exchanges": one.exchanges,
        "strength_bits": one.strength_bits,
        "claim_rungs": [{"rung": rung, "status": status} for rung, status in one.claims],
    }
    if proof:
        fields["log_origin"], fields["log_size"] = proof.origin, proof.size
        if proof.bundle_sha256:
            fields["bundle_sha256"] = proof.bundle_sha256
    return _common("campaign", stix_id("campaign", sender, one.name), now) | {
        "created_by_ref": sender,
        "name": one.name,
        "objective": one.objective,
        "first_seen": stamp(one.first_seen),
        "last_seen": stamp(one.last_seen),
        "extensions": {EXTENSION: fields},
    }


def indicator_id(indicator: Indicator) -> str:
    """Return the id of an indicator: the same at every host that looks for the same."""
    return stix_id("indicator", *write_pattern(indicator), indicator.key_id)


def indicator(one: Indicator, *, sender: str, now: str) -> Json:
    """Return an indicator, with an end always."""
    pattern_type, pattern = write_pattern(one)
    fields: Json = {
        "extension_type": "property-extension",
        "family": str(FAMILY[one.kind]),
        "match_weight_bits": one.bits,
    }
    if one.key_id:
        fields["keyed_with"] = one.key_id
    return _common("indicator", stix_id("indicator", pattern_type, pattern, one.key_id), now) | {
        "created_by_ref": sender,
        "name": INDICATOR_NAMES[one.kind],
        "description": CAUTION,
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": pattern_type,
        "valid_from": stamp(one.valid_from),
        "valid_until": stamp(one.valid_until),
        "confidence": one.confidence,
        "extensions": {EXTENSION: fields},
    }


def relationship(kind: str, source: str, target: str, *, sender: str, now: str) -> Json:
    """Return a relationship, one for each sender's claim."""
    return _common("relationship", stix_id("relationship", sender, kind, source, target), now) | {
        "created_by_ref": sender,
        "relationship_type": kind,
        "source_ref": source,
        "target_ref": target,
    }


def sighting(of: str, *, seen_by: str, count: int, first: datetime, last: datetime, now: str, about: str = "") -> Json:
    """Return a sighting of an object by an identity; a count of 0 says that it was looked for and not seen."""
    return _common("sighting", stix_id("sighting", seen_by, of, about), now) | {
        "created_by_ref": seen_by,
        "sighting_of_ref": of,
        "where_sighted_refs": [seen_by],
        "first_seen": stamp(first),
        "last_seen": stamp(last),
        "count": count,
    }


def opinion(of: Sequence[str], *, held_by: str, opinion: str, explanation: str, now: str) -> Json:
    """Return an opinion (STIX 2.1 section 10.14) of an identity about objects; one a set of objects, then versions."""
    return _common("opinion", stix_id("opinion", held_by, *sorted(of)), now) | {
        "created_by_ref": held_by,
        "opinion": opinion,
        "explanation": explanation,
        "object_refs": sorted(of),
    }


def bundle(objects: Iterable[Json]) -> Json:
    """Return a bundle; its id comes from the objects in it."""
    listed = list(objects)
    named = (f"{o['id']} {o.get('modified', o['created'])}" for o in listed)
    return {"type": "bundle", "id": stix_id("bundle", *named), "objects": listed}


def _common(kind: str, name: str, now: str) -> Json:
    made: Json = {"type": kind, "spec_version": "2.1", "id": name, "created": now, "modified": now}
    return made
