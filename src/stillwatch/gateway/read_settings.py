"""The gateway's settings from one TOML file. Whatever is unknown, missing or of the wrong kind is refused by name."""

from __future__ import annotations

import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from stillwatch.errors import SettingsError
from stillwatch.gateway.settings import GatewaySettings

Made = TypeVar("Made")


DIRECTORY_VARIABLE = "STILLWATCH_DIRECTORY"
"""Where it is set it is the directory's URL, whatever the file says: a password belongs into no settings file."""


def read_settings(path: Path, environ: Mapping[str, str] = os.environ) -> GatewaySettings:
    """Return the settings. Raises SettingsError naming file, section and key. Relative paths count from the file."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: not TOML: {problem}") from problem
    try:
        read = _Reader(path.parent).table(GatewaySettings, told, "")
    except SettingsError as problem:
        raise SettingsError(f"{path}: {problem}") from problem
    directory = environ.get(DIRECTORY_VARIABLE)
    return replace(read, directory_url=directory) if directory else read


class _Reader:
    """Turns tables into the dataclasses of ``settings.py``; ``folder`` is where relative paths start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def table(self, kind: type[Made], told: Mapping[str, object], where: str) -> Made:
        hints = typing.get_type_hints(kind)
        known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass
        for key in told:
            if key not in known:
                close = ", ".join(sorted(known))
                raise SettingsError(f"{_place(where, key)}: no such setting; there are {close}")
        missing = [n for n, f in known.items() if f.default is f.default_factory is MISSING and n not in told]
        if missing:
            raise SettingsError(f"{where or 'the file'}: {missing[0]} is missing; add it")
        return kind(**{key: self.value(hints[key], told[key], where, key) for key in told})

    def value(self, kind: Any, told: object, where: str, key: str) -> object:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is tuple:
            return self._several(arguments[0], told, where, key)
        if origin in {typing.Union, types.UnionType}:
            return self.value(next(a for a in arguments if a is not types.NoneType), told, where, key)
        if origin is typing.Literal:
            return self._one_of(arguments, told, where, key)
        if is_dataclass(kind) and isinstance(kind, type):
            if not isinstance(told, dict):
                raise _wrong(where, key, "a table", told)
            return self.table(kind, told, f"[{key}]")
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(self._one_of([m.value for m in kind], told, where, key))
        return self._plain(kind, told, where, key)

    def _several(self, kind: Any, told: object, where: str, key: str) -> tuple[object, ...]:
        if not isinstance(told, list):
            raise _wrong(where, key, "a list", told)
        if is_dataclass(kind) and isinstance(kind, type):
            entries = enumerate(told, 1)
            return tuple(self.table(kind, self._entry(e, where, key), f"[[{key}]] number {i}") for i, e in entries)
        return tuple(self.value(kind, entry, where, key) for entry in told)

    @staticmethod
    def _entry(told: object, where: str, key: str) -> Mapping[str, object]:
        if not isinstance(told, dict):
            raise _wrong(where, key, "a list of tables", told)
        return told

    @staticmethod
    def _one_of(allowed: typing.Iterable[object], told: object, where: str, key: str) -> object:
        choices = list(allowed)
        if told not in choices:
            raise _wrong(where, key, "one of " + ", ".join(map(str, choices)), told)
        return told

    def _plain(self, kind: type, told: object, where: str, key: str) -> object:
        if kind is float and type(told) is int:
            told = float(told)
        if kind is Path and isinstance(told, str):
            return self._folder / told
        if type(told) is not kind:
            raise _wrong(
                where, key, {str: "text", int: "a whole number", float: "a number"}.get(kind, kind.__name__), told
            )
        return told


def _place(where: str, key: str) -> str:
    return f"{where} {key}".strip()


def _wrong(where: str, key: str, wanted: str, told: object) -> SettingsError:
    return SettingsError(f"{_place(where, key)}: must be {wanted}, not {str(told)[:60]!r}")
