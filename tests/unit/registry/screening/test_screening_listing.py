"""The list that is screened against."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from register_sites import Published
from registers import DAY_SECONDS
from stillwatch.errors import EvidenceError, RegistryError
from stillwatch.registry.screening.listing import read_aliases, read_listing


def test_a_register_and_a_copy_of_its_site_give_the_same_list(published: Published) -> None:
    now = published.publication.now
    mine, theirs = read_listing(published.folder, now=now), read_listing(published.site, now=now)
    assert [p.entry for p in mine.parties] == ["R-1", "R-2", "R-5"]
    assert mine.parties == theirs.parties
    assert mine.state == theirs.state
    assert mine.state.size == published.publication.size


def test_nobody_is_screened_against_what_does_not_stand(published: Published) -> None:
    later = published.publication.now + 400 * DAY_SECONDS
    assert read_listing(published.folder, now=later).parties == ()


def test_a_site_that_does_not_hold_is_refused(published: Published, tmp_path: Path) -> None:
    shutil.copytree(published.site, tmp_path / "site")
    (tmp_path / "site/entries/R-1.json").unlink()
    with pytest.raises(RegistryError, match="nobody was screened"):
        read_listing(tmp_path / "site", now=published.publication.now)
    with pytest.raises(EvidenceError):
        read_listing(tmp_path / "nowhere", now=0)


def test_an_alias_table_adds_the_names_of_brands(published: Published, tmp_path: Path) -> None:
    table = tmp_path / "brands.txt"
    table.write_text("# brands\nQuillfern Model Works Ltd | Inkfrond\tTintenfarn  # two more\n", encoding="utf-8")
    found = read_listing(published.folder, now=published.publication.now, aliases=read_aliases(table))
    assert {"Inkfrond", "Tintenfarn"} <= set(found.parties[0].entity.aliases)
    table.write_text("Lonely\n", encoding="utf-8")
    with pytest.raises(RegistryError, match="one name alone"):
        read_aliases(table)
