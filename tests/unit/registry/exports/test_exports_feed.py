"""The Atom feed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from register_sites import Published
from stillwatch.registry.exports.feed import ATOM, atom_feed


def test_the_feed_has_what_rfc_4287_asks_for_and_the_newest_change_first(published: Published) -> None:
    feed = ET.fromstring(atom_feed(published.publication))  # noqa: S314 - our own text
    space = {"a": ATOM}
    for name in ("id", "title", "updated"):
        assert feed.findtext(f"a:{name}", namespaces=space)
    entries = feed.findall("a:entry", space)
    ids = [e.findtext("a:id", namespaces=space) or "" for e in entries]
    assert len(set(ids)) == len(ids)
    assert all(i.startswith("tag:register.example,2026:R-") for i in ids)
    indices = [int(i.rpartition(":")[2]) for i in ids]
    assert indices == sorted(indices, reverse=True)
    titles = [e.findtext("a:title", namespaces=space) or "" for e in entries]
    assert "Quillfern Model Works Ltd: decided: withdrawn" in titles
    assert "An erased entry: history erased" in titles
    assert not [t for t in titles if "drafted" in t or "Draftfern" in t or "Secretfern" in t]
    link = entries[0].find("a:link", space)
    assert link is not None
    assert link.get("href", "").startswith("https://register.example/entries/R-")
