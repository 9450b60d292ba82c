"""Blocks: one kind of traffic each, with settings that are checked one by one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from stillwatch.errors import ScenarioError
from stillwatch.simulate.templates import uses

MAX_LADDER = 5
"""The last step of the evasion ladder (docs/simulate.md)."""

CHOICES = {
    "rhythm": ("human", "office", "flat", "synchronous", "night", "deadline", "release", "trace"),
    "network": ("home", "proxies", "cloud", "ephemeral", "campus", "household"),
    "identity": ("person", "newcomer", "company", "undeclared", "student", "ring"),
    "harness": ("popular", "one", "few", "common", "own"),
    "pool": ("human", "eval", "rag", "classification", "agent", "distillation", "judged", "preferred", "assignment"),
    "items": ("habit", "walk", "same", "shard"),
    "frames_by": ("block", "account", "organization", "call"),
    "layout": ("", "system", "head", "tail", "around"),
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


@cache
def traffic_kinds() -> dict[str, dict[str, Any]]:
    """Return the kinds of traffic and their settings, from ``kinds.toml``."""
    text = (files("stillwatch.simulate") / "kinds.toml").read_text("utf-8")
    return tomllib.loads(text)


def parse_block(given: Mapping[str, Any], where: str) -> Block:
    """Check the settings of a block. Raises ScenarioError with the place, the key and what is wrong."""
    kinds = traffic_kinds()
    kind = given.get("kind")
    if kind not in kinds:
        raise ScenarioError(f"{where}: kind {kind!r} is not one of {', '.join(sorted(kinds))}")
    settings = {f.name: f for f in fields(Block)}
    refuse_unknown(given, set(settings), where)
    values = {**kinds[kind], **given}
    for key, value in values.items():
        values[key] = _checked(value, settings[key].default, key, f"{where}: {key}")
    block = Block(**values)
    _check_together(block, where)
    return block


def _checked(value: Any, default: object, key: str, where: str) -> Any:
    if isinstance(default, int | float):
        return number(value, type(default), where)
    if key == "languages":
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ScenarioError(f"{where} must be a list such as ['en', 'zh'], not {value!r}")
        return tuple(value)
    if not isinstance(value, str):
        raise ScenarioError(f"{where} must be text in quotes, not {value!r}")
    choices = CHOICES.get(key, ("", *uses()) if key == "use" else ())
    if choices and value not in choices:
        raise ScenarioError(f"{where} {value!r} is not one of {', '.join(filter(None, choices))}")
    return value


def _check_together(block: Block, where: str) -> None:
    until = block.first_day + block.days if block.days else float("inf")
    wrong = {
        "accounts and calls must be at least 1": block.accounts < 1 or block.calls < 1,
        "turns must be at least 1": block.turns < 1,
        "templates must be at least 1": block.templates < 1,
        "it must hold that 0 < share_low <= share_high <= 1": not 0 < block.share_low <= block.share_high <= 1,
        "ladder must be 0 to 5": block.ladder > MAX_LADDER,
        "ban_day must lie inside the block's days": bool(block.ban_day) and not block.first_day < block.ban_day < until,
    }
    for says, is_wrong in wrong.items():
        if is_wrong:
            raise ScenarioError(f"{where}: {says}")


def number(value: Any, kind: type, where: str) -> Any:
    """Return a number of this kind. Raises ScenarioError for anything else, and below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and not isinstance(value, int)):
        raise ScenarioError(f"{where} must be a {'whole number' if kind is int else 'number'}, not {value!r}")
    if not 0 <= value < float("inf"):
        raise ScenarioError(f"{where} must be 0 or more, and finite, but is {value}")
    return kind(value)


def refuse_unknown(given: Mapping[str, Any], known: set[str], where: str) -> None:
    """Raise ScenarioError for keys that are not known."""
    unknown = sorted(set(given) - known)
    if unknown:
        raise ScenarioError(f"{where}: no such key: {', '.join(unknown)}; the keys are {', '.join(sorted(known))}")
