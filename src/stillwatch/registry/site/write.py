"""Write the site: pages, machine forms, proofs, the public log, and the verifiers. The same input, the same bytes."""

from __future__ import annotations

import base64
import hashlib
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stillwatch.errors import RegistryError
from stillwatch.evidence.tiles import WIDTH, bundles_of, pack_entries, tiles_of
from stillwatch.registry.exports.feed import atom_feed
from stillwatch.registry.exports.ftm import ftm_lines
from stillwatch.registry.exports.stix import stix_bundle
from stillwatch.registry.exports.table import csv_table
from stillwatch.registry.proofs import actors_file, entry_file, policy_file
from stillwatch.registry.publication import Publication
from stillwatch.registry.site.views import about_page, entry_page, index_page
from stillwatch.registry.words import visible

MARK = "checkpoint"
"""A folder without this file, and not empty, is no site of ours, and is not written over."""


def write_site(publication: Publication, out: Path) -> int:
    """Write the site into ``out``, in place of an earlier one; return how many entries it shows.

    Raises RegistryError for a folder that holds something else, or cannot be written.
    """
    if out.exists() and any(out.iterdir()) and not (out / MARK).exists():
        raise RegistryError(f"{out}: not empty, and no register's site; name another folder")
    draft = out.with_name(f".{out.name}.new")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "entries").mkdir(parents=True)
        _write(publication, draft)
        # A reader who comes between these two steps finds no site for a moment, never half of one.
        shutil.rmtree(out, ignore_errors=True)
        draft.replace(out)
    except OSError as problem:
        raise RegistryError(f"{out}: cannot be written: {problem.strerror or problem}") from problem
    return len(publication.records)


def _write(publication: Publication, out: Path) -> None:
    templates = _templates()
    pages = {"index.html": index_page(publication), "about.html": about_page(publication)}
    for name, page in pages.items():
        _put(out / name, render(templates, name, page))
    for record in publication.records:
        _put(out / f"entries/{record.name}.html", render(templates, "entry.html", entry_page(record, publication)))
        _put(out / f"entries/{record.name}.json", entry_file(record, publication))
    for name, text in machine_forms(publication).items():
        _put(out / name, text)
    _write_tiles(publication, out / "log")
    _put(out / "log/checkpoint", publication.checkpoint)
    _put(out / "policy.txt", policy_file(publication))
    _put(out / "actors.txt", actors_file(publication))
    _put(out / MARK, publication.checkpoint)
    for package, file in (("stillwatch.evidence", "verify.py"), ("stillwatch.registry", "verify_register.py")):
        _put(out / file, resources.files(package).joinpath(file).read_text(encoding="utf-8"))


def _write_tiles(publication: Publication, out: Path) -> None:
    """Write the log under this checkpoint and no later one, without the partial tiles of earlier ones."""
    reader = publication.opened.log.reader
    for tile in tiles_of(publication.size):
        _write_bytes(out / tile.path, reader.tile(tile))
    entries = list(reader.entries())
    for bundle in bundles_of(publication.size):
        first = bundle.index * WIDTH
        _write_bytes(out / bundle.path, pack_entries(entries[first : first + bundle.width]))


def machine_forms(publication: Publication) -> dict[str, str]:
    """Return the machine forms by file name."""
    return {
        "register.ftm.jsonl": ftm_lines(publication),
        "register.csv": csv_table(publication),
        "register.stix.json": stix_bundle(publication),
        "feed.xml": atom_feed(publication),
    }


def render(templates: Environment, name: str, page: dict[str, Any]) -> str:
    """Turn a page into HTML in which every value is escaped and only our own style and script can run."""
    style, script = _asset("register.css"), _asset("register.js")
    return templates.get_template(name).render(page=page, style=style, script=script, policy=_policy(style, script))


def _templates() -> Environment:
    # StrictUndefined: a misspelt field must fail a test, not leave a hole in the page.
    return Environment(
        loader=PackageLoader("stillwatch.registry.site"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy that allows this very style and this very script, and nothing else (CSP 3)."""
    ours = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(file: str) -> str:
    return resources.files("stillwatch.registry.site").joinpath("templates", file).read_text(encoding="utf-8")


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
