"""Prices, sizes and rates that a plan reckons with: from a dated file that anybody can edit."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, cast

from stillwatch_lab.errors import LabSettingsError

BUNDLED = resources.files("stillwatch_lab.plan") / "assumptions.toml"


@dataclass(frozen=True)
class Price:
    """One host's list prices in US dollars per million tokens."""

    model: str
    host: str
    input: float
    cached_input: float
    output: float
    discount: float
    """Share that is taken off at other hours or for batches; 0 = none."""
    source: str


@dataclass(frozen=True)
class Model:
    """A model's size. ``active`` parameters are those used for one token; none given = all."""

    parameters: float
    source: str
    active: float = 0.0
    layers: int | None = None
    hidden: int | None = None
    vocabulary: int | None = None
    licence: str | None = None

    @property
    def used(self) -> float:
        """Parameters that a token goes through."""
        return self.active or self.parameters


@dataclass(frozen=True)
class Gpu:
    """Peak in FLOP/s (bfloat16, dense), memory in bytes, price in US dollars an hour."""

    peak: float
    memory: float
    usd_per_hour: float
    source: str


@dataclass(frozen=True)
class Rates:
    """Shares of a GPU's peak that are reached."""

    training_utilisation: float
    generation_utilisation: float


@dataclass(frozen=True)
class Tokens:
    """Lengths where nobody measured any."""

    prompt: int
    reasoning_answer: int
    plain_answer: int


@dataclass(frozen=True)
class Example:
    """A harvest that was published."""

    name: str
    queries: int
    source: str


@dataclass(frozen=True)
class Assumptions:
    """All of them."""

    read_on: date
    prices: tuple[Price, ...]
    models: dict[str, Model]
    gpus: dict[str, Gpu]
    rates: Rates
    tokens: Tokens
    examples: tuple[Example, ...]

    def price(self, model: str, host: str | None) -> Price:
        """Find a model's list price, the first host's if none is named. Raises LabSettingsError if there is none."""
        found = [price for price in self.prices if price.model == model and host in {None, price.host}]
        if not found:
            known = ", ".join(f"{price.model} at {price.host}" for price in self.prices)
            raise LabSettingsError(
                f"no list price for {model}{f' at {host}' if host else ''} (there are: {known}); "
                "give --input-price and --output-price, or add it to a copy of the assumptions"
            )
        return found[0]

    def model(self, name: str) -> Model:
        """Find a model's size; a number is a dense model of so many parameters. Raises LabSettingsError."""
        if name in self.models:
            return self.models[name]
        try:
            return Model(parameters=float(name), source="the command line")
        except ValueError:
            raise LabSettingsError(
                f"no model {name}: give one of {', '.join(self.models)}, or a number (7e9)"
            ) from None

    def gpu(self, name: str) -> Gpu:
        """Find a GPU. Raises LabSettingsError."""
        if name not in self.gpus:
            raise LabSettingsError(f"no GPU {name}: give one of {', '.join(self.gpus)}, or add it to the assumptions")
        return self.gpus[name]


def read_assumptions(path: Path | None) -> Assumptions:
    """Read a file of assumptions, or those that ship with the lab. Raises LabSettingsError, naming the wrong entry."""
    try:
        read = tomllib.loads((path or BUNDLED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise LabSettingsError(f"{path}: {problem}") from problem
    where = str(path or "the bundled assumptions")
    try:
        return Assumptions(
            read_on=read["read_on"],
            prices=tuple(_make(Price, row, f"{where}, [[prices]]") for row in read["prices"]),
            models={name: _make(Model, row, f"{where}, [models.{name}]") for name, row in read["models"].items()},
            gpus={name: _make(Gpu, row, f"{where}, [gpus.{name}]") for name, row in read["gpus"].items()},
            rates=_make(Rates, read["rates"], f"{where}, [rates]"),
            tokens=_make(Tokens, read["tokens"], f"{where}, [tokens]"),
            examples=tuple(_make(Example, row, f"{where}, [[examples]]") for row in read["examples"]),
        )
    except (KeyError, AttributeError, TypeError) as problem:
        raise LabSettingsError(f"{where}: {problem} is missing or no table") from problem


Record = TypeVar("Record")


def _make(kind: type[Record], row: dict[str, Any], where: str) -> Record:
    known = {field.name for field in fields(cast("Any", kind))}
    if unknown := sorted(row.keys() - known):
        raise LabSettingsError(f"{where}: no such entry: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    wrong = [name for name, value in row.items() if isinstance(value, (int, float)) and value < 0]
    if wrong:
        raise LabSettingsError(f"{where}: {wrong[0]} is negative")
    try:
        return kind(**row)
    except TypeError as problem:
        raise LabSettingsError(f"{where}: {problem}") from problem
