"""The rules file: one TOML file, read into ``policy.Rules``; whatever cannot be right is refused, with its line.

Docs: docs/policy.md. Example: docs/examples/rules.toml.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import SettingsError
from stillwatch.gateway.policy import Rule, Rules
from stillwatch.gateway.rule_checks import find_faults
from stillwatch.gateway.rule_values import RULE, WHEN, nearest, read_values

MAX_RULES_BYTES = 1 << 20
"""A megabyte is thousands of rules; what is larger is another file."""


@dataclass(frozen=True)
class RuleDefaults:
    """What the gateway's settings lend to rules, and the model names that rules may use (None = any)."""

    verification_url: str = ""
    appeal_url: str = ""
    models: frozenset[str] | None = None


def read_rules(path: Path, *, defaults: RuleDefaults | None = None) -> Rules:
    """Read a rules file. Raises SettingsError that lists every fault with file, line, rule and key."""
    try:
        raw = path.read_bytes()[: MAX_RULES_BYTES + 1]
    except OSError as problem:
        raise SettingsError(f"{path}: cannot be read: {problem.strerror}; give the path of a rules file") from problem
    return parse_rules(raw, path=path, defaults=defaults)


def parse_rules(raw: bytes, *, path: Path, defaults: RuleDefaults | None = None) -> Rules:
    """Read the bytes of a rules file; ``path`` is for messages. Raises SettingsError as ``read_rules``."""
    if len(raw) > MAX_RULES_BYTES:
        raise SettingsError(f"{path}: larger than {MAX_RULES_BYTES:,} bytes; is it a rules file?")
    try:
        text = raw.decode()
        document = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise SettingsError(f"{path}: not TOML: {problem}") from problem
    reader = _Reader(path, _Lines(text), defaults or RuleDefaults())
    rules = reader.rules(document)
    if reader.faults:
        raise SettingsError("\n".join(reader.faults))
    return Rules(tuple(rules), hashlib.sha256(raw).hexdigest()[:12])


class _Reader:
    """Reads one document and keeps every fault, so that they are mended in one go."""

    def __init__(self, path: Path, lines: _Lines, defaults: RuleDefaults) -> None:
        self._path, self._lines, self._defaults = path, lines, defaults
        self.faults: list[str] = []

    def rules(self, document: Mapping[str, object]) -> list[Rule]:
        entries = document.get("rules", [])
        for key in document.keys() - {"rules"}:
            self.faults.append(f"{self._path}: no such key: {key}{nearest(key, ['rules'])}; rules are [[rules]] tables")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.faults.append(f"{self._path}: rules is not a list of tables; write [[rules]] above each")
            return []
        rules = [self._rule(number, entry) for number, entry in enumerate(entries)]
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            name = entry.get("name")
            if isinstance(name, str) and name in seen:
                self._fault(number, name, "name", "a rule above has the same name; records tell them apart by it")
            seen.add(str(name))
        return [rule for rule in rules if rule is not None]

    def _rule(self, number: int, entry: Mapping[str, object]) -> Rule | None:
        name = str(entry.get("name", f"number {number + 1}"))
        conditions = entry.get("when", {})
        if not isinstance(conditions, dict):
            self._fault(number, name, "when", "is not a table; write [rules.when] under the rule")
            return None
        before = len(self.faults)
        whole, faults = read_values(RULE, {k: v for k, v in entry.items() if k != "when"})
        when, more = read_values(WHEN, conditions)
        for key, problem in [*faults, *more]:
            self._fault(number, name, key, problem)
        if len(self.faults) > before:
            return None
        lent = self._defaults
        rule = Rule(when=when, **whole).with_url(verification=lent.verification_url, appeal=lent.appeal_url)
        for key, problem in find_faults(rule, models=self._defaults.models):
            self._fault(number, name, key, problem)
        return rule

    def _fault(self, number: int, name: str, key: str, problem: str) -> None:
        line = self._lines.of(number, key)
        self.faults.append(f"{self._path}{f':{line}' if line else ''}: rule {name!r}: {key}: {problem}")


class _Lines:
    """Finds the line of a rule's key in the text; TOML's own reader forgets them."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._heads = [n for n, line in enumerate(self._lines) if re.match(r"\s*\[\[\s*rules\s*\]\]", line)]

    def of(self, number: int, key: str) -> int | None:
        """Return the line (from 1) of the key in that rule, else of the rule's head, else None."""
        if number >= len(self._heads):
            return None
        start = self._heads[number]
        end = self._heads[number + 1] if number + 1 < len(self._heads) else len(self._lines)
        named = re.compile(rf"\s*(?:\[\s*rules\.)?[\w.\"]*\b{re.escape(key)}\b[\w.\"]*\s*(?:=|\])")
        inner = (n for n in range(start, end) if named.match(self._lines[n]))
        return 1 + next(inner, start)
