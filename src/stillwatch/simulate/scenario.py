"""Scenarios: readable TOML files of blocks of traffic, checked key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from stillwatch.errors import ScenarioError
from stillwatch.simulate.block import MAX_LADDER, Block, number, parse_block, refuse_unknown

KNOWN = {"name", "description", "start", "days", "vary", "call_truth", "include", "include_scale", "block"}


@dataclass(frozen=True)
class Scenario:
    """A named list of blocks over some days."""

    name: str
    description: str
    start: datetime
    days: int
    blocks: tuple[Block, ...]
    vary: float = 0.0
    call_truth: bool = True


def bundled_scenarios() -> dict[str, str]:
    """Return the scenarios of this package: name and first words."""
    found = {}
    for entry in _folder().iterdir():
        if entry.name.endswith(".toml"):
            found[entry.name.removesuffix(".toml")] = str(tomllib.loads(entry.read_text("utf-8"))["description"])
    return dict(sorted(found.items()))


def read_scenario(name: str | Path) -> Scenario:
    """Read a bundled scenario by name, or a TOML file by path.

    Raises ScenarioError for a missing file, broken TOML, and each unknown key, kind or value, with its place.
    """
    path = Path(name)
    if path.suffix != ".toml":
        source: Traversable | Path = _folder() / f"{name}.toml"
        if not source.is_file():
            raise ScenarioError(
                f"no scenario {str(name)!r}; there are {', '.join(bundled_scenarios())}, or give a .toml file"
            )
    else:
        source = path
    try:
        document = tomllib.loads(source.read_text("utf-8"))
    except FileNotFoundError as problem:
        raise ScenarioError(f"{path}: no such scenario file") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path}: not valid TOML: {problem}") from problem
    return parse_scenario(document, where=str(name))


def parse_scenario(document: Mapping[str, Any], *, where: str) -> Scenario:
    """Check a scenario document. Raises ScenarioError as ``read_scenario`` does."""
    refuse_unknown(document, KNOWN, where)
    missing = sorted({"description", "start", "days"} - set(document))
    if missing:
        raise ScenarioError(f"{where}: missing {', '.join(missing)}")
    start, days = document["start"], number(document["days"], int, f"{where}: days")
    if not isinstance(start, datetime):
        raise ScenarioError(f"{where}: start must be a date and time such as 2026-02-01T00:00:00Z")
    if days < 1:
        raise ScenarioError(f"{where}: days must be at least 1")
    blocks = _own_blocks(document, days, where)
    if "include" in document:
        share = number(document.get("include_scale", 1.0), float, f"{where}: include_scale")
        blocks += _included(str(document["include"]), days, share, where)
    if not blocks:
        raise ScenarioError(f"{where}: no traffic; add [[block]] tables, or include = 'hard-negatives'")
    return Scenario(
        name=str(document.get("name", where)),
        description=str(document["description"]),
        start=start.astimezone(UTC) if start.tzinfo else start.replace(tzinfo=UTC),
        days=days,
        blocks=tuple(blocks),
        vary=number(document.get("vary", 0.0), float, f"{where}: vary"),
        call_truth=bool(document.get("call_truth", True)),
    )


def _own_blocks(document: Mapping[str, Any], days: int, where: str) -> list[Block]:
    tables = document.get("block", [])
    if not isinstance(tables, list):
        raise ScenarioError(f"{where}: write [[block]], with two brackets: there may be several")
    blocks = []
    for i, table in enumerate(tables):
        block = parse_block(table, f"{where}: [[block]] {i + 1}")
        if block.first_day >= days or block.first_day + block.days > days or block.ban_day >= days:
            raise ScenarioError(f"{where}: [[block]] {i + 1}: ends after the scenario's {days} days")
        blocks.append(block)
    return blocks


def _included(name: str, days: int, share: float, where: str) -> list[Block]:
    """Return a bundled scenario's blocks, its days stretched to these, its accounts and calls times ``share``."""
    if name not in bundled_scenarios():
        raise ScenarioError(f"{where}: include {name!r} is not one of {', '.join(bundled_scenarios())}")
    other = read_scenario(name)
    stretch = days / other.days
    return [
        replace(
            block,
            first_day=block.first_day * stretch,
            days=block.days * stretch,
            ban_day=block.ban_day * stretch,
            accounts=max(1, round(block.accounts * share)),
            calls=max(1, round(block.calls * share)),
        )
        for block in other.blocks
    ]


def with_ladder(scenario: Scenario, ladder: int | None) -> Scenario:
    """Put every campaign on this step of the evasion ladder; None leaves them as the scenario says."""
    if ladder is None:
        return scenario
    if not 0 <= ladder <= MAX_LADDER:
        raise ScenarioError(f"ladder {ladder}: the steps are 0 to {MAX_LADDER}")
    return replace(scenario, blocks=tuple(replace(b, ladder=ladder) if b.campaign else b for b in scenario.blocks))


def _folder() -> Traversable:
    return files("stillwatch.simulate") / "scenarios"
