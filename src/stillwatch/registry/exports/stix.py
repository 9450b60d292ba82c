"""The register as a STIX 2.1 bundle: an identity and a report for each entry, the answers as opinions.

Everything that STIX has no word for is in one property extension; no custom types. A tombstone's report is revoked.
Ids are made of the register's name and the entry's (UUIDv5), so that every publication has the same ones.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from stillwatch.registry.nouns import Answer, Entry, Kind, Stance
from stillwatch.registry.publication import Publication
from stillwatch.registry.records import Record

Json = dict[str, Any]
NAMESPACE = UUID("0f9a4c5e-0b1d-5c39-9a53-7d0a35a1c9a4")
"""Ours, for ids of registers; made once at random."""
TLP_CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
"""TLP 2.0 as STIX extension (OASIS, stix2 common object repository): a public register is for everybody."""
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
OPINIONS = {Stance.DISPUTES: "strongly-disagree", Stance.ADMITS: "agree", Stance.COMMENTS: "neutral"}


def stix_bundle(publication: Publication) -> str:
    """Return the bundle as JSON."""
    maker = _maker(publication)
    objects: list[Json] = [_tlp_clear(), maker, _extension(publication, maker)]
    for record in publication.records:
        objects += _objects(record, publication, maker)
    bundle = {"type": "bundle", "id": _id("bundle", publication.checkpoint.split("\n\n")[0]), "objects": objects}
    return json.dumps(bundle, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _objects(record: Record, publication: Publication, maker: Json) -> list[Json]:
    if record.entry is None:
        report = _report(record, publication, maker)
        return [report | {"name": "An erased entry", "object_refs": [maker["id"]], "revoked": True}]
    entry = record.entry
    party = _party(entry, publication, maker)
    report = _report(record, publication, maker) | {
        "name": f"{entry.status_at(publication.now).value.replace('_', ' ')}: {entry.entity.name}",
        "description": "\n".join(f'{c.rung}: "{c.words}" ({c.said_by})' for c in entry.claims),
        "object_refs": [party["id"]],
        "extensions": {_id("extension-definition", publication.origin): _fields(record, entry, publication)},
    }
    if entry.is_tombstone_at(publication.now):
        report["revoked"] = True
    return [party, report, *(_answer(n, a, report, publication, maker) for n, a in enumerate(entry.answers))]


def _fields(record: Record, entry: Entry, publication: Publication) -> Json:
    return {
        "extension_type": "property-extension",
        "status": entry.status_at(publication.now).value,
        "answer": entry.answer_at(publication.now),
        "category": entry.criteria.category.value,
        "claims": [{"rung": c.rung, "words": c.words, "confidence": c.confidence} for c in entry.claims],
        "evidence": [e.bundle or e.url for e in entry.evidence],
        "log_origin": publication.origin,
        "log_index": record.leaves[-1].index,
        "fictional": publication.about.fictional,
    }


def _party(entry: Entry, publication: Publication, maker: Json) -> Json:
    made = _common("identity", f"{entry.entry} party", publication, maker, first=entry.drafted_at, at=entry.changed_at)
    kind = "individual" if entry.entity.kind is Kind.PERSON else "organization"
    aliases = [*entry.entity.aliases, *entry.entity.previous_names]
    says = f"Also known as {'; '.join(aliases)}." if aliases else ""
    revoked = {"revoked": True} if entry.is_tombstone_at(publication.now) else {}
    return (
        made | {"name": entry.entity.name, "identity_class": kind, **({"description": says} if says else {})} | revoked
    )


def _report(record: Record, publication: Publication, maker: Json) -> Json:
    at = record.last.at
    first = record.entry.published_at if record.entry and record.entry.published_at else at
    made = _common("report", record.name, publication, maker, first=first, at=at)
    return made | {"published": _time(first), "report_types": ["identity"]}


def _answer(number: int, answer: Answer, report: Json, publication: Publication, maker: Json) -> Json:
    name = f"{report['id']} answer {number}"
    made = _common("opinion", name, publication, maker, first=answer.received_at, at=answer.received_at)
    return made | {
        "opinion": OPINIONS[answer.stance],
        "explanation": answer.text or f"{answer.url} (SHA-256 {answer.sha256})",
        "authors": [answer.sender],
        "object_refs": [report["id"]],
    }


def _maker(publication: Publication) -> Json:
    name = _id("identity", publication.origin)
    made = {"type": "identity", "spec_version": "2.1", "id": name, "created_by_ref": name}
    first = _time(min((entry.drafted_at for entry in publication.entries), default=publication.now))
    says = {
        "name": publication.about.title,
        "identity_class": "organization",
        "contact_information": publication.about.contact,
    }
    return made | {"created": first, "modified": first, "object_marking_refs": [TLP_CLEAR]} | says


def _extension(publication: Publication, maker: Json) -> Json:
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": _id("extension-definition", publication.origin),
        "created_by_ref": maker["id"],
        "created": maker["created"],
        "modified": maker["modified"],
        "name": "Stillwatch register entry",
        "description": "Status, answer, claims and place in the log of a register's entry.",
        "schema": publication.link("about.html"),
        "version": "1.0.0",
        "extension_types": ["property-extension"],
        "object_marking_refs": [TLP_CLEAR],
    }


def _tlp_clear() -> Json:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_CLEAR,
        "created": "2022-10-01T00:00:00.000Z",
        "name": "TLP:CLEAR",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "clear"}},
    }


def _common(kind: str, name: str, publication: Publication, maker: Json, *, first: int, at: int) -> Json:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, f"{publication.origin} {name}"),
        "created_by_ref": maker["id"],
        "created": _time(first),
        "modified": _time(max(first, at)),
        "object_marking_refs": [TLP_CLEAR],
    }


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid5(NAMESPACE, f'{kind} {name}')}"


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
