"""What an exporter is: a function from a parcel to documents of one format, found by its folder."""

from __future__ import annotations

import csv
import inspect
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from stillwatch.errors import PluginError, SettingsError
from stillwatch.plugins import load_entry_points, load_modules
from stillwatch.sharing.nouns import Parcel

Document = dict[str, Any]
Convert = Callable[[Parcel], Iterable[Document]]


class Form(StrEnum):
    """How an exporter's documents become a file."""

    JSON = "json"
    """One document is the file."""
    JSON_LINES = "jsonl"
    CSV = "csv"
    """Each document is a flat row; all have the same keys."""


@dataclass(frozen=True)
class Exporter:
    """A named format. ``meanings`` says in plain words what each field holds, for the dry run's table."""

    name: str
    form: Form
    convert: Convert
    meanings: Mapping[str, str]

    @property
    def says(self) -> str:
        """What the format is, in one line, for help texts."""
        return (inspect.getdoc(self.convert) or "").partition("\n")[0]

    def documents(self, parcel: Parcel) -> list[Document]:
        """Return what would leave. Raises SettingsError for a format of one document that has none."""
        return list(self.convert(parcel))

    def write(self, documents: list[Document]) -> bytes:
        """Return the bytes of a file with these documents."""
        if self.form is Form.JSON:
            return orjson.dumps(documents[0], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if self.form is Form.JSON_LINES:
            return b"".join(orjson.dumps(d, option=orjson.OPT_APPEND_NEWLINE) for d in documents)
        return _table(documents)


_EXPORTERS: dict[str, Exporter] = {}


def exporter(name: str, *, form: Form, meanings: Mapping[str, str]) -> Callable[[Convert], Convert]:
    """Declare an exporter.

    The function takes a ``nouns.Parcel`` and yields JSON-ready dicts: exactly one for ``Form.JSON``. Equal parcels give
    equal documents. ``meanings`` has an entry for every name of a field that it ever writes, and nothing may leave
    that the parcel does not hold. Raises PluginError for a second exporter of that name, or a function without a
    docstring.
    """

    def register(convert: Convert) -> Convert:
        known = _EXPORTERS.get(name)
        if known is not None and known.convert.__module__ != convert.__module__:
            raise PluginError(
                f"exporter {name!r} is in {known.convert.__module__} and {convert.__module__}: rename one"
            )
        if not inspect.getdoc(convert):
            raise PluginError(f"exporter {name!r}: say in a docstring which format it writes")
        _EXPORTERS[name] = Exporter(name, form, convert, dict(meanings))
        return convert

    return register


def find_exporters() -> list[Exporter]:
    """Load every exporter, ours and those of installed packages, by name."""
    load_modules("stillwatch.sharing.exporters")
    load_entry_points("stillwatch.exporters")
    return [_EXPORTERS[name] for name in sorted(_EXPORTERS)]


def find_exporter(name: str) -> Exporter:
    """Return the exporter of that name. Raises SettingsError if there is none, naming those there are."""
    known = {e.name: e for e in find_exporters()}
    if name not in known:
        raise SettingsError(f"--format {name}: no such format; known: {', '.join(known)}")
    return known[name]


def _table(rows: list[Document]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    """Keep a spreadsheet from running a value as a formula (OWASP, "CSV Injection")."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
