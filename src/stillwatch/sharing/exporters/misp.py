"""MISP: one event a campaign, as PyMISP and a MISP server read it (draft-dulaunoy-misp-core-format)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid5

from stillwatch.sharing.exporter import Form, exporter
from stillwatch.sharing.nouns import FAMILY, Indicator, Kind, Parcel, SharedCampaign
from stillwatch.sharing.patterns import write_pattern
from stillwatch.sharing.stix_ids import NAMESPACE
from stillwatch.sharing.stix_objects import CAUTION, indicator_id, stamp

Json = dict[str, Any]
TYPES = {
    Kind.NETWORK: ("ip-src", "Network activity"),
    Kind.ASN: ("AS", "Network activity"),
    Kind.USER_AGENT: ("user-agent", "Network activity"),
    Kind.EMAIL_DOMAIN: ("domain", "Network activity"),
}
"""MISP's type and category; what it has no type for goes as a Sigma rule."""
LIKELY = 50
"""From this confidence on an attribute is marked for detection; below it is context (``to_ids``)."""
MEANINGS = {
    "uuid": "name of the event or attribute, made from what it describes",
    "info": "the campaign's number and what it harvested",
    "date": "day of the first call",
    "timestamp": "when this version was made",
    "published": "that it is a draft until the recipient's server publishes it",
    "analysis": "that the analysis is complete",
    "threat_level_id": "undefined: MISP's levels say nothing about evidence",
    "distribution": "that the recipient's organization alone sees it, until it decides otherwise",
    "name": "who says it, or a tag: TLP label, technique",
    "type": "kind of attribute",
    "category": "MISP's category of the attribute",
    "value": "WHAT TO LOOK FOR: network, program, domain, or a Sigma rule; or a rounded count",
    "to_ids": "whether to look for it automatically",
    "comment": "kind of evidence, or a fixed sentence",
    "first_seen": "day of the first call",
    "last_seen": "day after which nobody should look for it",
    "disable_correlation": "that counts are not to be compared",
}


@exporter("misp", form=Form.JSON, meanings=MEANINGS)
def misp_events(parcel: Parcel) -> Iterator[Json]:
    """MISP events, one a campaign, tagged with TLP 2.0 and ATLAS techniques."""
    yield {"response": [{"Event": _event(one, parcel)} for one in parcel.campaigns]}


def _event(one: SharedCampaign, parcel: Parcel) -> Json:
    made_at = str(int(parcel.made_at.timestamp()))
    tags = [f"tlp:{parcel.tlp}", *(f'mitre-atlas:technique="{t.id}"' for t in one.techniques)]
    return {
        "uuid": _uuid("misp-event", parcel.sender.name.casefold(), one.name),
        "info": f"Distillation campaign {one.name}: {one.objective}",
        "date": one.first_seen.date().isoformat(),
        "timestamp": made_at,
        "published": False,
        "analysis": "2",
        "threat_level_id": "4",
        "distribution": "0",
        "Orgc": {"name": parcel.sender.name, "uuid": _uuid("identity", parcel.sender.name.casefold())},
        "Tag": [{"name": tag} for tag in tags],
        "Attribute": [
            *(_attribute(i, made_at) for i in one.indicators),
            _count("accounts", one.accounts, one, parcel),
            _count("exchanges", one.exchanges, one, parcel),
        ],
    }


def _attribute(one: Indicator, made_at: str) -> Json:
    kind, category = TYPES.get(one.kind, ("sigma", "Payload delivery"))
    keyed = f", hashed under the group key {one.key_id}" if one.key_id else ""
    return {
        "uuid": indicator_id(one).partition("--")[2],
        "type": kind,
        "category": category,
        "value": one.value if one.kind in TYPES else write_pattern(one)[1],
        "to_ids": one.confidence >= LIKELY,
        "comment": f"{FAMILY[one.kind]} evidence, confidence {one.confidence} of 100{keyed}. {CAUTION}",
        "timestamp": made_at,
        "first_seen": stamp(one.valid_from),
        "last_seen": stamp(one.valid_until),
    }


def _count(name: str, count: int, one: SharedCampaign, parcel: Parcel) -> Json:
    return {
        "uuid": _uuid("misp-count", parcel.sender.name.casefold(), one.name, name),
        "type": "text",
        "category": "Other",
        "value": f"about {count} {name}",
        "to_ids": False,
        "comment": "Rounded to two digits.",
        "disable_correlation": True,
    }


def _uuid(*parts: str) -> str:
    return str(uuid5(NAMESPACE, chr(31).join(parts)))
