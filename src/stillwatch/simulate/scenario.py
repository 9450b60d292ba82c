"""Scenarios: readable TOML files of blocks of traffic, checked key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from stillwatch.errors import ScenarioError

CHOICES = {
    "rhythm": ("human", "office", "flat", "synchronous", "night", "deadline", "release", "trace"),
    "network": ("home", "proxies", "cloud", "ephemeral", "campus", "household"),
    "identity": ("person", "company", "student", "ring"),
    "harness": ("popular", "one", "few", "common", "own"),
    "pool": ("human", "eval", "rag", "classification", "agent", "distillation", "judged", "preferred", "assignment"),
    "items": ("habit", "walk", "same", "shard"),
    "frames_by": ("block", "account", "organization", "call"),
    "form": ("messages", "prompt"),
}
"""The words each of these settings accepts."""


@dataclass(frozen=True)
class Block:
    """One kind of traffic: who sends it, how much, when, from where, what it says. docs/simulate.md explains each."""

    kind: str
    label: str = ""
    campaign: str = ""
    accounts: int = 1
    min_accounts: int = 1
    calls: int = 0
    spread: float = 1.0
    first_day: float = 0.0
    days: float = 0.0
    stint_days: float = 0.0
    owner_size: int = 0
    turns: float = 1.0
    gap_seconds: float = 45.0
    active_share: float = 1.0
    rhythm: str = "office"
    network: str = "cloud"
    identity: str = "company"
    harness: str = "own"
    pool: str = "human"
    items: str = "walk"
    item_count: int = 0
    use: str = ""
    languages: tuple[str, ...] = ()
    templates: int = 1
    shots: int = 0
    layout: str = ""
    frames_by: str = "block"
    form: str = "messages"
    output_tokens: int = 300
    reasoning_share: float = 0.0
    cached_share: float = 0.0
    tools: int = 0
    proxies: str = ""
    share_low: float = 1.0
    share_high: float = 1.0
    ban_day: float = 0.0
    second_accounts: int = 0
    refused_share: float = 0.004
    ladder: int = 0

    @property
    def name(self) -> str:
        """What the truth calls these accounts."""
        return f"campaign:{self.campaign}" if self.campaign else self.label or self.kind


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
    known = {"name", "description", "start", "days", "vary", "call_truth", "include", "include_scale", "block"}
    _refuse_unknown(document, known, where)
    missing = sorted({"description", "start", "days"} - set(document))
    if missing:
        raise ScenarioError(f"{where}: missing {', '.join(missing)}")
    if "block" not in document and "include" not in document:
        raise ScenarioError(f"{where}: no traffic; add [[block]] tables, or include = 'hard-negatives'")
    if not isinstance(document["start"], datetime):
        raise ScenarioError(f"{where}: start must be a date and time such as 2026-02-01T00:00:00Z")
    blocks = [_parse_block(b, f"{where}: [[block]] {i + 1}") for i, b in enumerate(document.get("block", ()))]
    days = _number(document["days"], int, f"{where}: days")
    for i, block in enumerate(blocks):
        if block.first_day + (block.days or 0) > days:
            raise ScenarioError(f"{where}: [[block]] {i + 1}: ends after the scenario's {days} days")
    if "include" in document:
        share = _number(document.get("include_scale", 1.0), float, f"{where}: include_scale")
        blocks += _included(str(document["include"]), days, share)
    return Scenario(
        name=str(document.get("name", where)),
        description=str(document["description"]),
        start=document["start"].astimezone(UTC) if document["start"].tzinfo else document["start"].replace(tzinfo=UTC),
        days=days,
        blocks=tuple(blocks),
        vary=float(document.get("vary", 0.0)),
        call_truth=bool(document.get("call_truth", True)),
    )


def _included(name: str, days: int, share: float) -> list[Block]:
    """Return another scenario's blocks, its days stretched to these, its accounts and calls times ``share``."""
    other = read_scenario(name)
    stretch = days / other.days
    return [
        replace(
            block,
            first_day=block.first_day * stretch,
            days=block.days * stretch,
            accounts=max(1, round(block.accounts * share)),
            calls=max(1, round(block.calls * share)),
        )
        for block in other.blocks
    ]


@cache
def traffic_kinds() -> dict[str, dict[str, Any]]:
    """Return the kinds of traffic and their settings, from ``kinds.toml``."""
    text = (files("stillwatch.simulate") / "kinds.toml").read_text("utf-8")
    return tomllib.loads(text)


def with_ladder(scenario: Scenario, ladder: int | None) -> Scenario:
    """Put every campaign on this step of the evasion ladder; None leaves them as the scenario says."""
    if ladder is None:
        return scenario
    if not 0 <= ladder <= 5:
        raise ScenarioError(f"ladder {ladder}: the steps are 0 to 5")
    return replace(scenario, blocks=tuple(replace(b, ladder=ladder) if b.campaign else b for b in scenario.blocks))


def _parse_block(given: Mapping[str, Any], where: str) -> Block:
    kinds = traffic_kinds()
    kind = given.get("kind")
    if kind not in kinds:
        raise ScenarioError(f"{where}: kind {kind!r} is not one of {', '.join(sorted(kinds))}")
    settings = {f.name: f for f in fields(Block)}
    _refuse_unknown(given, set(settings), where)
    values = {**kinds[kind], **given}
    for key, value in values.items():
        default = settings[key].default
        if isinstance(default, bool | int | float):
            values[key] = _number(value, type(default), f"{where}: {key}")
        elif key == "languages":
            values[key] = tuple(value)
        elif key in CHOICES and value not in CHOICES[key]:
            raise ScenarioError(f"{where}: {key} {value!r} is not one of {', '.join(CHOICES[key])}")
    if values.get("calls", 0) < 1 or values.get("accounts", 1) < 1:
        raise ScenarioError(f"{where}: accounts and calls must be at least 1")
    return Block(**values)


def _number(value: Any, kind: type, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and not isinstance(value, int)):
        raise ScenarioError(f"{where} must be a {'whole number' if kind is int else 'number'}, not {value!r}")
    if value < 0:
        raise ScenarioError(f"{where} must not be negative, but is {value}")
    return kind(value)


def _refuse_unknown(given: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ScenarioError(f"{where}: no such key: {', '.join(unknown)}; the keys are {', '.join(sorted(known))}")


def _folder() -> Traversable:
    return files("stillwatch.simulate") / "scenarios"
