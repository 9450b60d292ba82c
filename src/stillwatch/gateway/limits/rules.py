"""Which rules of ``[[limits]]`` count a call, and on whose budgets.

For each level and unit a rule that names the account's plan takes the place of one that names none. A rule with a model
counts only calls to that model, in a budget of its own, beside the rule for all models: it can only narrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from stillwatch.errors import SettingsError
from stillwatch.gateway.limits.budget import Key
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Subjects
from stillwatch.gateway.settings import LimitRule


class LimitRules:
    """The rules of the settings, checked. Raises SettingsError, naming the rule by its place from 1."""

    def __init__(self, rules: Sequence[LimitRule]) -> None:
        self.rules = tuple(rules)
        seen: dict[tuple[Level, Unit, str | None, str | None], int] = {}
        for place, rule in enumerate(self.rules, start=1):
            _check(rule, place)
            first = seen.setdefault((rule.level, rule.unit, rule.plan, rule.model), place)
            if first != place:
                where = f"[[limits]] number {place}"
                raise SettingsError(f"{where}: same level, unit, plan and model as number {first}; remove one of them")
        self.has_campaigns = any(rule.level is Level.CAMPAIGN for rule in self.rules)

    def keys(self, subjects: Subjects) -> list[Key]:
        """Return the budgets that a call of these subjects draws on, the narrowest level first."""
        found = []
        for index, rule in enumerate(self.rules):
            name = _subject(rule.level, subjects)
            if name is not None and self._applies(rule, subjects):
                found.append(Key(index, rule.level, rule.unit, name, _words(rule)))
        order = list(Level)
        return sorted(found, key=lambda key: (order.index(key.level), key.rule))

    def _applies(self, rule: LimitRule, subjects: Subjects) -> bool:
        if rule.model is not None and rule.model != subjects.model:
            return False
        if rule.plan is not None:
            return rule.plan == subjects.plan
        return not any(
            other.plan == subjects.plan
            and (other.level, other.unit, other.model) == (rule.level, rule.unit, rule.model)
            for other in self.rules
            if other.plan is not None
        )


def _subject(level: Level, subjects: Subjects) -> str | None:
    names = {
        Level.ACCOUNT: subjects.account,
        Level.ORGANIZATION: subjects.organization,
        Level.CAMPAIGN: subjects.campaign,
        Level.MODEL: subjects.model,
        Level.GLOBAL: "",
    }
    return names[level]


def _words(rule: LimitRule) -> str:
    """Return a short name of what the rule counts, the same on every worker with the same settings."""
    said = f"{rule.level}|{rule.unit}|{rule.plan}|{rule.model}"
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _check(rule: LimitRule, place: int) -> None:
    where = f"[[limits]] number {place} ({rule.level} {rule.unit})"
    if rule.unit is Unit.STREAMS:
        if rule.most < 1:
            raise SettingsError(f"{where}: streams need most = 1 or more; per_minute and burst do not count them")
        if rule.per_minute or rule.burst is not None:
            raise SettingsError(f"{where}: streams do not refill; remove per_minute and burst and say most")
        return
    if not rule.per_minute > 0.0:
        raise SettingsError(f"{where}: per_minute must be above 0; to refuse everything, use a policy rule")
    if rule.burst is not None and not rule.burst >= 1.0:
        raise SettingsError(f"{where}: burst must be 1 or more, as nothing fits into less")
    if rule.most:
        raise SettingsError(f"{where}: most counts streams only; remove it")
