"""A parcel as the list of its STIX objects, each once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.sharing import stix_objects as stix
from stillwatch.sharing.markings import statement_marking, tlp_marking
from stillwatch.sharing.nouns import Parcel, SharedCampaign

Json = dict[str, Any]


def stix_list(parcel: Parcel) -> list[Json]:
    """Return the objects of a parcel, each once."""
    now = stix.stamp(parcel.made_at)
    marking = tlp_marking(parcel.tlp)
    marks = [marking["id"]]
    shared = [stix.identity(parcel.sender), *stix.extension()]
    head: list[Json] = [marking]
    if parcel.terms:
        # The sentence is its own name, so it is the same object in every bundle.
        head.append(statement_marking(parcel.terms, created=stix.EPOCH))
        marks.append(head[-1]["id"])
    objects: dict[str, Json] = {}
    for one in parcel.campaigns:
        for made in _campaign(one, parcel, shared[0]["id"], now):
            objects.setdefault(made["id"], made)
    return [*head, *shared, *(o | {"object_marking_refs": marks} for o in objects.values())]


def _campaign(one: SharedCampaign, parcel: Parcel, sender: str, now: str) -> Iterator[Json]:
    made = stix.campaign(one, sender=sender, proof=parcel.proof, now=now)
    yield made
    for technique in one.techniques:
        pattern = stix.attack_pattern(technique)
        yield pattern
        yield stix.relationship("uses", made["id"], pattern["id"], sender=sender, now=now)
    for indicator in one.indicators:
        found = stix.indicator(indicator, sender=sender, now=now)
        yield found
        yield stix.relationship("indicates", found["id"], made["id"], sender=sender, now=now)
        yield stix.sighting(
            found["id"],
            seen_by=sender,
            count=indicator.holders,
            first=one.first_seen,
            last=one.last_seen,
            now=now,
            about=made["id"],
        )
