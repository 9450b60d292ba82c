"""The site's files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from register_sites import HOSTILE, Published
from stillwatch.errors import RegistryError
from stillwatch.registry.site.write import write_site


def digests(site: Path) -> dict[str, str]:
    return {
        p.relative_to(site).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in site.rglob("*")
        if p.is_file()
    }


def test_the_same_register_gives_the_same_bytes(published: Published, tmp_path: Path) -> None:
    write_site(published.publication, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(published.site)


def test_nothing_of_a_draft_or_of_what_was_erased_is_in_any_file(published: Published) -> None:
    for path in published.site.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"Draftfern" not in data, path
            assert b"Secretfern" not in data, path


def test_hostile_names_are_text_and_nothing_else(published: Published) -> None:
    pages = [p.read_text(encoding="utf-8") for p in published.site.rglob("*.html")]
    assert all("<script>document" not in page for page in pages)
    assert all("\u202e" not in page for page in pages)
    assert any("\\u202egnp.exe" in page for page in pages)
    assert HOSTILE not in "".join(pages)


def test_every_link_within_the_site_leads_somewhere(published: Published) -> None:
    links = 0
    for page in published.site.rglob("*.html"):
        for link in re.findall(r'href="([^"#]+)', page.read_text(encoding="utf-8")):
            links += 1
            assert (page.parent / link).exists(), (page, link)
    assert links > 50


def test_no_page_asks_for_anything_from_elsewhere(published: Published) -> None:
    for path in published.site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "default-src 'none'" in text
        assert 'src="' not in text


def test_a_folder_of_something_else_is_not_written_over(published: Published, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/thesis.txt").write_text("precious")
    with pytest.raises(RegistryError, match="not empty"):
        write_site(published.publication, tmp_path / "site")
    assert (tmp_path / "site/thesis.txt").read_text() == "precious"


def test_an_earlier_site_is_replaced_whole(published: Published, tmp_path: Path) -> None:
    write_site(published.publication, tmp_path / "site")
    (tmp_path / "site/entries/R-99.html").write_text("stale")
    write_site(published.publication, tmp_path / "site")
    assert not (tmp_path / "site/entries/R-99.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["site"]
