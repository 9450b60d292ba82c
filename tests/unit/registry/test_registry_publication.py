"""What is published."""

from __future__ import annotations

from dataclasses import replace

from register_sites import ABOUT, Published


def test_drafts_are_not_published_and_tombstones_are(published: Published) -> None:
    publication = published.publication
    assert [r.name for r in publication.records] == ["R-1", "R-2", "R-3", "R-4", "R-5"]
    assert [e.entry for e in publication.entries] == ["R-1", "R-2", "R-3", "R-5"]
    assert publication.checkpoint.startswith(f"register.example\n{publication.size}\n")


def test_links_are_relative_where_the_site_has_no_address(published: Published) -> None:
    assert published.publication.link("feed.xml") == "https://register.example/feed.xml"
    assert replace(published.publication, about=replace(ABOUT, url="")).link("feed.xml") == "feed.xml"
