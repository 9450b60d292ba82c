"""Records from and to plain JSON: unknown and missing names, wrong types and empty texts are refused by name."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from stillwatch.errors import RegistryError

Record = TypeVar("Record")


def from_json(kind: type[Record], data: Any, *, where: str) -> Record:
    """Make a record of a JSON object. Raises RegistryError, beginning with ``where``, for what does not fit."""
    if not isinstance(data, dict):
        raise RegistryError(f"{where}: not a table of {kind.__name__}")
    shape: Any = kind
    known, hints = _fields(shape), _hints(shape)
    if unknown := sorted(set(data) - set(known)):
        raise RegistryError(f"{where}: no such field: {unknown[0]}; there are: {', '.join(known)}")
    needed = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in needed if name not in data]:
        raise RegistryError(f"{where}: {missing[0]} is missing")
    values = {name: _value(hints[name], value, f"{where}: {name}") for name, value in data.items()}
    for name in needed:
        if isinstance(values[name], str) and not values[name].strip():
            raise RegistryError(f"{where}: {name} is empty")
    return kind(**values)


def to_json(record: object) -> Any:
    """Return the plain JSON of a record, without what is as by default: the shortest form that reads back the same."""
    if is_dataclass(record) and not isinstance(record, type):
        said = {f.name: getattr(record, f.name) for f in fields(record)}
        return {f.name: to_json(said[f.name]) for f in fields(record) if said[f.name] != _default(f)}
    if isinstance(record, tuple | list):
        return [to_json(one) for one in record]
    if isinstance(record, frozenset):
        return sorted(record)
    if isinstance(record, StrEnum):
        return record.value
    return record


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in {types.UnionType, typing.Union}:
        inner = [h for h in typing.get_args(hint) if h is not type(None)]
        return None if value is None else _value(inner[0], value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise RegistryError(f"{where}: not a list")
        return tuple(_value(typing.get_args(hint)[0], one, f"{where}[{at}]") for at, one in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise RegistryError(f"{where}: not a table of texts")
        return value
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum(hint, value, where)
    if is_dataclass(hint):
        return from_json(typing.cast("type[Any]", hint), value, where=where)
    if type(value) is not hint:
        raise RegistryError(f"{where}: {value!r} is no {_NAMES.get(hint, hint.__name__)}")
    return value


_NAMES = {str: "text", int: "whole number", bool: "true or false"}


def _enum(hint: type[StrEnum], value: Any, where: str) -> StrEnum:
    try:
        return hint(value)
    except ValueError:
        raise RegistryError(f"{where}: {value!r} is none of {', '.join(hint)}") from None


@cache
def _fields(kind: Any) -> dict[str, Field[Any]]:
    return {f.name: f for f in fields(kind)}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _default(f: Field[Any]) -> Any:
    if f.default is not MISSING:
        return f.default
    return f.default_factory() if f.default_factory is not MISSING else MISSING
