"""What a source is: a function from a JSON document of someone's log to rows of the call log."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stillwatch.errors import PluginError, SourceError
from stillwatch.plugins import load_entry_points, load_modules

Document = Mapping[str, object]
Convert = Callable[[Document], Iterator[dict[str, object]]]


@dataclass(frozen=True)
class Source:
    """A named format: how to know it, and how to turn its documents into rows of ``records.CALL_LOG``."""

    name: str
    looks_like: Callable[[Document], bool]
    convert: Convert

    @property
    def says(self) -> str:
        """What the format is, in one line, for help texts."""
        return (inspect.getdoc(self.convert) or "").partition("\n")[0]


_SOURCES: dict[str, Source] = {}


def source(name: str, *, looks_like: Callable[[Document], bool]) -> Callable[[Convert], Convert]:
    """Declare a source.

    The function takes one parsed JSON document (a line of a log, or an element of a file that is one JSON
    array) and yields zero or more dicts keyed by column names of ``records.CALL_LOG``; values may have any
    type that says the same thing, and ``messages`` may be a list. It raises SourceError for a malformed
    document; the reader adds file and line. ``looks_like`` tells cheaply whether a document is of this
    format, and never raises. Raises PluginError for a second source of that name, or a function without a
    docstring.
    """

    def register(convert: Convert) -> Convert:
        known = _SOURCES.get(name)
        if known is not None and known.convert.__module__ != convert.__module__:
            raise PluginError(f"source {name!r} is in {known.convert.__module__} and {convert.__module__}: rename one")
        if not inspect.getdoc(convert):
            raise PluginError(f"source {name!r}: say in a docstring which format it reads")
        _SOURCES[name] = Source(name, looks_like, convert)
        return convert

    return register


def find_sources() -> list[Source]:
    """Load every source, ours and those of installed packages, by name."""
    load_modules("stillwatch.ingest.sources")
    load_entry_points("stillwatch.sources")
    return [_SOURCES[name] for name in sorted(_SOURCES)]


def find_source(name: str) -> Source:
    """Return the source of that name. Raises SourceError if there is none, naming those there are."""
    known = {s.name: s for s in find_sources()}
    if name not in known:
        raise SourceError(f"no such source: {name!r}; known: {', '.join(known)}")
    return known[name]


def guess_source(document: Document) -> Source | None:
    """Return the first source, by name, that knows this document; None if none does."""
    return next((s for s in find_sources() if s.looks_like(document)), None)
