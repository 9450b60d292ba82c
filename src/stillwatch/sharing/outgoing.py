"""One share from beginning to end: what leaves is chosen, shown, logged, noted, and only then written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from stillwatch.errors import SharingError
from stillwatch.evidence.book import Book
from stillwatch.sharing.exporter import Document, Exporter
from stillwatch.sharing.ledger import OURS, Ledger
from stillwatch.sharing.nouns import Parcel
from stillwatch.sharing.recording import append_share
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.stix_objects import bundle

Json = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """What would leave: the documents, and the same as STIX objects, which the ledger keeps whatever the format."""

    exporter: Exporter
    documents: list[Document]
    objects: list[Json]

    @property
    def names(self) -> list[str]:
        """Ids of what the sender says in it."""
        return [o["id"] for o in self.objects if o["type"] in OURS]


def draft(parcel: Parcel, exporter: Exporter, ledger: Ledger) -> Draft:
    """Return what would leave. Raises SharingError for a campaign that was withdrawn or has nothing to share."""
    if not parcel.campaigns:
        raise SharingError("the report has no campaign: there is nothing to share")
    objects = ledger.settle(stix_list(parcel))
    documents = [bundle(objects)] if exporter.name == "stix" else exporter.documents(parcel)
    return Draft(exporter, documents, objects)


def send(made: Draft, parcel: Parcel, *, book: Book, ledger: Ledger, recipient: str, purpose: str) -> bytes:
    """Log and note a share, and return the bytes that may now leave."""
    # 1. Log it.                A crash here leaves a record of what did not happen, never the reverse.
    append_share(book, recipient=recipient, purpose=purpose, objects=made.names)
    # 2. Note it in the ledger. A crash here: the next export of the same notes it.
    for campaign in parcel.campaigns:
        ledger.note(campaign.name, _of(campaign.name, made.objects))
    # 3. Hand it over.
    return made.exporter.write(made.documents)


def withdraw(campaign: str, *, book: Book, ledger: Ledger, recipient: str, purpose: str, now: datetime) -> list[Json]:
    """Revoke what was shared for a campaign, log it, and return the revoked versions, which are then to be sent."""
    # 1. Revoke in the ledger.  A crash here: repeated, the same versions come again.
    gone = ledger.withdraw(campaign, now=now)
    # 2. Log it.                The revocation leaves only after that.
    append_share(book, recipient=recipient, purpose=purpose, objects=[o["id"] for o in gone])
    return gone


def digest(path: Path) -> str:
    """Return the SHA-256 of a bundle's file. Raises SharingError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise SharingError(f"{path}: cannot be read: {problem.strerror}; name an evidence bundle") from problem


def _of(campaign: str, objects: Sequence[Json]) -> list[Json]:
    """Return a campaign's objects: it, what points from or to it, and the indicators and their sightings."""
    own = next(o for o in objects if o["type"] == "campaign" and o["name"] == campaign)
    links = [o for o in objects if own["id"] in {o.get("source_ref"), o.get("target_ref")}]
    seen = {o["source_ref"] for o in links if o["relationship_type"] == "indicates"}
    sightings = [o for o in objects if o["type"] == "sighting" and o["sighting_of_ref"] in seen]
    return [own, *links, *(o for o in objects if o["id"] in seen), *sightings]
