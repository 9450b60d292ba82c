"""Ids of STIX objects, the same at every host for the same thing: name-based UUIDs (RFC 9562, version 5).

An indicator's id comes from its pattern alone, so two hosts that saw the same thing name it the same, and a consumer
counts two reports of one indicator. Who reported it, when and how surely is in ``created_by_ref`` and in each host's
own sighting.
"""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("6f0f3f0c-6d3e-5b0a-9c1e-3f4f2b7a8d10")
"""Drawn once for Stillwatch; it must never change. Not STIX's own namespace, which is for observables alone."""


def stix_id(kind: str, *parts: str) -> str:
    """Return the id of an object of a type that is told apart from others of the type by ``parts``."""
    return f"{kind}--{uuid5(NAMESPACE, chr(31).join((kind, *parts)))}"
