"""FollowTheMoney JSON lines (model 4.11): each party with a ``Risk``, never a ``Sanction``: nobody was sanctioned here.

A tombstone stays, with its end, its status and no topic: "formerly listed" is not "never listed", nor is it a hit.
"""

from __future__ import annotations

import json
from typing import Any

from stillwatch.registry.nouns import Entry, Kind
from stillwatch.registry.publication import Publication
from stillwatch.registry.times import iso_date

Json = dict[str, Any]
TOPIC = "reg.warn"
"""A warning of somebody who is no authority; ``sanction`` and ``crime`` topics are never used."""


def ftm_lines(publication: Publication) -> str:
    """Return the JSON lines: two entities for each entry that was not erased, the party and the risk."""
    made = [one for entry in publication.entries for one in (_party(entry, publication), _risk(entry, publication))]
    return "".join(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in made)


def _party(entry: Entry, publication: Publication) -> Json:
    entity = entry.entity
    properties: dict[str, tuple[str, ...]] = {
        "name": (entity.name,),
        "alias": entity.aliases,
        "weakAlias": entity.weak_aliases,
        "previousName": entity.previous_names,
        "country": (entity.country,),
        "leiCode": (entity.lei,),
        "uscCode": (entity.uscc,),
        "registrationNumber": (entity.registration_number,),
        "website": tuple(f"https://{domain}/" for domain in entity.domains),
        "topics": () if entry.is_tombstone_at(publication.now) else (TOPIC,),
    }
    if entity.kind is Kind.PERSON:
        for name in ("leiCode", "registrationNumber"):
            del properties[name]
    return _made(f"{entry.entry}-party", entity.kind.value, properties, publication)


def _risk(entry: Entry, publication: Publication) -> Json:
    ended = entry.is_tombstone_at(publication.now)
    official = tuple(e.authority for e in entry.evidence if e.is_official)
    claims = tuple(f"{c.rung}: {c.words} ({c.said_by}, confidence {c.confidence}/100)" for c in entry.claims)
    properties: dict[str, tuple[str, ...]] = {
        "entity": (f"{entry.entry}-party",),
        "authority": (publication.origin, *official),
        "program": (publication.about.title,),
        "topics": () if ended else (TOPIC,),
        "status": (entry.status_at(publication.now).value,),
        "reason": claims,
        "listingDate": (iso_date(entry.published_at or 0),),
        "endDate": (iso_date(entry.stood_until(publication.now) or entry.changed_at),) if ended else (),
        "sourceUrl": (publication.link(f"entries/{entry.entry}.html"),) if publication.about.url else (),
        "recordId": (entry.entry,),
        "summary": (f"answer of the party: {entry.answer_at(publication.now)}", *_ended(entry), *_fiction(publication)),
    }
    return _made(entry.entry, "Risk", properties, publication)


def _ended(entry: Entry) -> tuple[str, ...]:
    return (f"ended because: {entry.ended_because}",) if entry.ended_because else ()


def _fiction(publication: Publication) -> tuple[str, ...]:
    return ("fictional example: no such party exists",) if publication.about.fictional else ()


def _made(name: str, schema: str, properties: dict[str, tuple[str, ...]], publication: Publication) -> Json:
    kept = {key: [v for v in values if v] for key, values in properties.items() if any(values)}
    return {"id": name, "schema": schema, "properties": kept, "datasets": [publication.origin]}
