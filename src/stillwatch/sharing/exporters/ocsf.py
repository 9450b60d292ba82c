"""OCSF: Detection Findings (class 2004), one JSON line a campaign, for SIEMs and data lakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch import __version__
from stillwatch.sharing.atlas import URL
from stillwatch.sharing.exporter import Form, exporter
from stillwatch.sharing.nouns import Indicator, Kind, Parcel, SharedCampaign
from stillwatch.sharing.stix_ids import stix_id
from stillwatch.sharing.stix_objects import indicator_id, stamp

Json = dict[str, Any]
VERSION = "1.8.0"
"""OCSF schema of 16 March 2026."""
CLASS, CATEGORY, CREATE = 2004, 2, 1
"""Detection Finding of the category Findings; activity Create. ``type_uid`` is class * 100 + activity."""
SEVERITY_MEDIUM = 3
TYPES = {
    Kind.NETWORK: ("Subnet", 12),
    Kind.ASN: ("Other", 99),
    Kind.USER_AGENT: ("HTTP User-Agent", 16),
    Kind.EMAIL_DOMAIN: ("Hostname", 1),
}
"""Names and ids of OCSF's observable types; whatever has none is "Other"."""
MEANINGS = {
    "activity_id": "that a finding was made",
    "category_uid": "category of the event",
    "class_uid": "class of the event",
    "type_uid": "type of the event",
    "time": "when it was made",
    "severity_id": "medium: no harm to anybody is claimed",
    "confidence_score": "how sure the sender is, 0 to 100",
    "status_id": "new",
    "version": "version of the schema, the catalogue or the program",
    "name": "name of program, technique or kind of indicator",
    "vendor_name": "who says it",
    "uid": "name of finding, technique or indicator, made from what it describes",
    "title": "the campaign's number and what it harvested",
    "first_seen_time": "day of the first call",
    "last_seen_time": "day of the last call",
    "created_time": "when it was made",
    "types": "what kind of finding",
    "type": "kind of observable",
    "type_id": "kind of observable or analysis",
    "value": "WHAT TO LOOK FOR: network, program, domain, fingerprint, wording, or keyed hash",
    "src_url": "page of the technique",
    "labels": "TLP label, and rounded counts",
    "valid_until": "day after which nobody should look for it",
    "kind": "what to look at",
    "confidence": "how sure the sender is, 0 to 100",
    "keyed_with": "name of the group key of a keyed hash",
}


@exporter("ocsf", form=Form.JSON_LINES, meanings=MEANINGS)
def ocsf_findings(parcel: Parcel) -> Iterator[Json]:
    """OCSF 1.8 Detection Findings, one JSON line a campaign."""
    return (_finding(one, parcel) for one in parcel.campaigns)


def _finding(one: SharedCampaign, parcel: Parcel) -> Json:
    made = int(parcel.made_at.timestamp() * 1000)
    return {
        "activity_id": CREATE,
        "category_uid": CATEGORY,
        "class_uid": CLASS,
        "type_uid": CLASS * 100 + CREATE,
        "time": made,
        "severity_id": SEVERITY_MEDIUM,
        "status_id": 1,
        "confidence_score": round(100 / (1 + 2.0**-one.strength_bits)),
        "metadata": {
            "version": VERSION,
            "product": {"name": "Stillwatch", "vendor_name": parcel.sender.name, "version": __version__},
            "labels": [f"TLP:{parcel.tlp.upper()}"],
        },
        "finding_info": {
            "uid": stix_id("campaign", stix_id("identity", parcel.sender.name.casefold()), one.name),
            "title": f"Distillation campaign {one.name}: {one.objective}",
            "created_time": made,
            "first_seen_time": int(one.first_seen.timestamp() * 1000),
            "last_seen_time": int(one.last_seen.timestamp() * 1000),
            "types": ["model extraction"],
            "attacks": [
                {
                    "version": "5.6.0",
                    "technique": {"uid": t.id, "name": t.name, "src_url": f"{URL}{t.id}"},
                }
                for t in one.techniques
            ],
        },
        "observables": [_observable(i) for i in one.indicators],
        "unmapped": {
            "labels": [f"about {one.accounts} accounts", f"about {one.exchanges} exchanges"],
            "indicators": [_terms(i) for i in one.indicators],
        },
    }


def _observable(one: Indicator) -> Json:
    name, number = TYPES.get(one.kind, ("Other", 99))
    return {"name": f"unmapped.indicators.{one.kind}", "type": name, "type_id": number, "value": one.value}


def _terms(one: Indicator) -> Json:
    said = {
        "uid": indicator_id(one),
        "kind": str(one.kind),
        "value": one.value,
        "confidence": one.confidence,
        "valid_until": stamp(one.valid_until),
    }
    return said | ({"keyed_with": one.key_id} if one.key_id else {})
