"""The register as one CSV table, tombstones and erased entries too."""

from __future__ import annotations

import csv
import io

from stillwatch.registry.nouns import Entry
from stillwatch.registry.publication import Publication
from stillwatch.registry.records import Record
from stillwatch.registry.times import iso_date

COLUMNS = (
    "entry", "status", "name", "aliases", "weak_aliases", "previous_names", "kind", "country", "lei", "uscc",
    "registration_number", "domains", "category", "claims", "answer", "published", "expires", "ended_because",
    "evidence", "log_index", "steps",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets (OWASP, CSV injection)."""


def csv_table(publication: Publication) -> str:
    """Return the table (RFC 4180); a cell that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for record in publication.records:
        row = _row(record, publication.now)
        writer.writerow([_tame(row.get(name, "")) for name in COLUMNS])
    return out.getvalue()


def _row(record: Record, now: int) -> dict[str, str]:
    place = {"entry": record.name, "log_index": str(record.leaves[-1].index), "steps": str(len(record.leaves))}
    if record.entry is None:
        return place | {"status": "erased", "ended_because": getattr(record.last.change, "reasons", "")}
    return place | _said(record.entry, now)


def _said(entry: Entry, now: int) -> dict[str, str]:
    entity = entry.entity
    return {
        "status": entry.status_at(now).value,
        "name": entity.name,
        "aliases": "; ".join(entity.aliases),
        "weak_aliases": "; ".join(entity.weak_aliases),
        "previous_names": "; ".join(entity.previous_names),
        "kind": entity.kind.value,
        "country": entity.country,
        "lei": entity.lei,
        "uscc": entity.uscc,
        "registration_number": entity.registration_number,
        "domains": "; ".join(entity.domains),
        "category": entry.criteria.category.value,
        "claims": "; ".join(f"{c.rung} {c.confidence}: {c.words}" for c in entry.claims),
        "answer": entry.answer_at(now),
        "published": iso_date(entry.published_at) if entry.published_at else "",
        "expires": iso_date(entry.expires_at) if entry.expires_at else "",
        "ended_because": entry.ended_because,
        "evidence": "; ".join(e.bundle or e.url for e in entry.evidence),
    }


def _tame(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
