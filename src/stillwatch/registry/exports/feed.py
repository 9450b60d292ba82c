"""The register's changes as an Atom feed (RFC 4287), the newest first."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from stillwatch.registry.publication import Publication
from stillwatch.registry.records import Leaf, Record
from stillwatch.registry.times import show_time
from stillwatch.registry.words import told

ATOM = "http://www.w3.org/2005/Atom"
MOST = 200
"""Changes in the feed: a reader that looks daily misses none of a year's busiest day; the rest is in the pages."""


def atom_feed(publication: Publication) -> str:
    """Return the feed as XML. Ids are tag URIs (RFC 4151) of the register's name: they stay the same for good."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    fiction = " (fictional)" if publication.about.fictional else ""
    changes = sorted(_changes(publication), key=lambda change: -change[1].index)[:MOST]
    _add(feed, "id", _tag(publication, "feed"))
    _add(feed, "title", publication.about.title + fiction)
    _add(feed, "updated", show_time(max((_at(leaf) for _, leaf in changes), default=publication.now)))
    _add(_add(feed, "author"), "name", publication.origin)
    if publication.about.url:
        _add(feed, "link", href=publication.link("feed.xml"), rel="self")
    for record, leaf in changes:
        _entry(feed, record, leaf, publication)
    ET.indent(feed, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="unicode") + "\n"


def _changes(publication: Publication) -> list[tuple[Record, Leaf]]:
    """Return the changes since each entry was published; what came before is in its page's history."""
    found = []
    for record in publication.records:
        begun = record.entry.published_at if record.entry and record.entry.published_at else 0
        found += [(record, leaf) for leaf in record.leaves if leaf.signed and leaf.signed.at >= begun]
    return found


def _entry(feed: ET.Element, record: Record, leaf: Leaf, publication: Publication) -> None:
    if leaf.signed is None:
        return
    change = told(leaf.signed)
    made = _add(feed, "entry")
    name = record.entry.entity.name if record.entry else "An erased entry"
    _add(made, "id", _tag(publication, f"{record.name}:{leaf.index}"))
    _add(made, "title", f"{_clean(name)}: {change.title}")
    _add(made, "updated", show_time(leaf.signed.at))
    _add(made, "link", href=publication.link(f"entries/{record.name}.html"), rel="alternate")
    _add(made, "summary", _clean("\n".join(f"{label}: {text}" for label, text in change.details)))


def _at(leaf: Leaf) -> int:
    return leaf.signed.at if leaf.signed else 0


def _tag(publication: Publication, name: str) -> str:
    return f"tag:{publication.origin},2026:{name}"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    made.text = text or None
    return made


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold (section 2.2)."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
