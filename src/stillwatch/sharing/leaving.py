"""The dry run: every field that would leave, with its value and what it means, taken from the very documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.sharing.exporter import Document, Exporter
from stillwatch.sharing.nouns import SharedCampaign

_ID = re.compile(r"[a-z-]+--[0-9a-f-]{36}")
UNKNOWN = "NOT DESCRIBED: ask before it leaves"
"""Shown for a field that an exporter of another package did not describe."""


@dataclass(frozen=True)
class Field:
    """One field of what would leave: of which object, its name, its value, and in plain words what it holds."""

    of: str
    name: str
    value: str
    meaning: str


def list_fields(exporter: Exporter, documents: Sequence[Document]) -> list[Field]:
    """Return every leaf of the documents, in their order: nothing leaves that is not in this list."""
    return [
        Field(of, name, value, exporter.meanings.get(name, UNKNOWN))
        for number, document in enumerate(documents, 1)
        for of, name, value in _leaves(document, exporter.name if len(documents) == 1 else f"{exporter.name} {number}")
    ]


def list_withheld(campaigns: Sequence[SharedCampaign]) -> list[tuple[str, str, str]]:
    """Return campaign, thing and reason of everything that stays."""
    return [(c.name, w.what, w.why) for c in campaigns for w in c.withheld]


def _leaves(document: dict[str, Any], of: str) -> Iterator[tuple[str, str, str]]:
    """Yield object, name and value of every leaf; an empty list or table is a leaf, too."""
    if "type" in document and "id" in document:
        of = f"{document['type']} {str(document['id']).partition('--')[2][:8]}"
    for name, value in document.items():
        inner = of if _ID.fullmatch(name) else f"{of}, {name}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, inner)
            continue
        for number, one in enumerate(value, 1) if isinstance(value, list | tuple) and value else [(0, value)]:
            if isinstance(one, dict) and one:
                yield from _leaves(one, f"{inner} {number}" if number else inner)
            else:
                yield of, name, str(one)
