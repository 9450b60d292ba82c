"""List prices of models, for the revenue that a rule touches."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingsError

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Prices of a million input and output tokens by any name of the model, and each name's canonical one."""

    by_name: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    canonical: Mapping[str, str] = field(default_factory=dict)

    def of(self, model: str, input_tokens: float, output_tokens: float) -> float:
        """Return what these tokens cost at list price, 0 for a model without one; cached input counts in full."""
        prices = self.by_name.get(model)
        return 0.0 if prices is None else (input_tokens * prices[0] + output_tokens * prices[1]) / MILLION


def read_prices(path: Path) -> Prices:
    """Read the ``[[models]]`` of a TOML file: the gateway's settings, or a file with nothing but prices.

    Raises SettingsError for a file or an entry that cannot be used.
    """
    try:
        models = tomllib.loads(path.read_text(encoding="utf-8")).get("models", [])
    except (OSError, ValueError) as problem:
        raise SettingsError(f"{path}: cannot be read as TOML: {problem}") from problem
    by_name: dict[str, tuple[float, float]] = {}
    canonical: dict[str, str] = {}
    for number, model in enumerate(models if isinstance(models, list) else [models], 1):
        try:
            name, prices = str(model["name"]), (_price(model, "input_price"), _price(model, "output_price"))
            names = [name, *map(str, model.get("aliases", []))]
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise SettingsError(f"{path}: [[models]] number {number}: {problem}; it needs name and prices") from problem
        by_name |= dict.fromkeys(names, prices)
        canonical |= dict.fromkeys(names, name)
    return Prices(by_name, canonical)


def _price(model: Mapping[str, Any], key: str) -> float:
    price = float(model.get(key, 0.0))
    if not 0 <= price < MILLION:
        raise ValueError(f"{key} is {price}")
    return price
