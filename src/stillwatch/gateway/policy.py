"""The policy: which rules apply to one call, and what they order. Pure: no clock, network, file or store.

The same ``decide`` answers a caller now and says what would have happened last month (``replay.py``). An import
contract keeps it so: ``policy`` and ``conditions`` may know the nouns and nothing else of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from stillwatch.gateway.conditions import DAY_SECONDS, Check, StandingCheck, When, evidence_checks, make_checks
from stillwatch.gateway.nouns import ALLOWED, Action, Ask, Caller, Decision, Effect, Mode, Standing

MADE = 10_000
"""Effects kept per rule, about 2 MB; then they are made anew."""
_HARDNESS = {action: hardness for hardness, action in enumerate(Action)}


@dataclass(frozen=True)
class Rule:
    """When, and then what. ``rules.py`` makes these and refuses those that cannot be right.

    ``amount`` is as in ``nouns.Effect``. An effect ends at ``until``, or ``days`` after the account was listed.
    """

    name: str
    when: When
    action: Action
    reason: str
    mode: Mode = Mode.SHADOW
    amount: float | None = None
    url: str | None = None
    days: float | None = None
    until: float | None = None
    silent_reason: str | None = None

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The conditions on account, call and time that were given, as functions."""
        return tuple(make_checks(self.when))

    @cached_property
    def evidence(self) -> tuple[StandingCheck, ...]:
        """The conditions on the account's standing, as functions."""
        return tuple(evidence_checks(self.when))

    def with_url(self, *, verification: str, appeal: str) -> Rule:
        """Return the rule with a url: its own, else where to verify or to appeal, as its action needs."""
        lent = verification if self.action is Action.ASK_VERIFICATION else appeal
        return replace(self, url=self.url or lent or None)

    def effect(self, standing: Standing, now: float) -> Effect | None:
        """Return what the rule orders, or None if that has expired.

        A rule that counts days from the listing of an account says nothing of an account that has no such day.
        """
        since = standing.since if self.days is not None else 0.0
        if since is None:
            return None
        made = self._made.get(since)
        if made is None:
            if len(self._made) >= MADE:
                self._made.clear()
            made = self._made[since] = self._make(since)
        return made if made.until is None or now < made.until else None

    @cached_property
    def _made(self) -> dict[float, Effect]:
        """Effects by the day of listing: they are values, and making one costs more than the rest of ``decide``."""
        return {}

    def _make(self, since: float) -> Effect:
        ends = [] if self.until is None else [self.until]
        if self.days is not None:
            ends.append(since + self.days * DAY_SECONDS)
        until, silent = min(ends, default=None), self.silent_reason is not None
        return Effect(self.action, self.name, self.mode, self.reason, self.amount, self.url, until, silent)


@dataclass(frozen=True)
class Rules:
    """The rules of one file, hardest first; of equal hardness the enforced before the shadowed, then the lower amount.

    So the first effect of an action is the one that counts: caps combine to the least of them.
    """

    rules: tuple[Rule, ...] = ()
    version: str = "none"
    """Names the text they were read from, for records."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=_order)))

    @cached_property
    def without_evidence(self) -> tuple[Rule, ...]:
        """The rules that need no evidence: enough for an account that no scan listed."""
        return tuple(rule for rule in self.rules if not rule.when.evidence)

    def of_standing(self, standing: Standing) -> tuple[Rule, ...]:
        """Return the rules whose conditions on the account's standing hold.

        They depend on nothing else, and an account's standing is the same object until the next scan: they are looked
        at once.
        """
        known = self._of_standing.get(id(standing))
        if known is not None and known[0] is standing:
            return known[1]
        listed = standing.campaign is not None and not standing.appeal_granted
        asked = self.rules if listed else self.without_evidence
        found = tuple(rule for rule in asked if all(check(standing) for check in rule.evidence))
        if len(self._of_standing) >= MADE:
            self._of_standing.clear()
        self._of_standing[id(standing)] = standing, found
        return found

    @cached_property
    def _of_standing(self) -> dict[int, tuple[Standing, tuple[Rule, ...]]]:
        """By identity, as comparing standings takes longer than judging them; kept, so that none is another's."""
        return {}

    @cached_property
    def spares(self) -> bool:
        """Whether there is an enforced ``allow`` at all."""
        return any(rule.action is Action.ALLOW and rule.mode is Mode.ENFORCE for rule in self.rules)

    def in_mode(self, mode: Mode) -> Rules:
        """Return the same rules, all in one mode: shadow is the kill switch, enforce is what replay supposes."""
        return replace(self, rules=tuple(replace(rule, mode=mode) for rule in self.rules))


def decide(rules: Rules, caller: Caller, ask: Ask, standing: Standing, *, now: float) -> Decision:
    """Return every effect of every rule that applies to this call, hardest first. ``now`` is seconds since 1970.

    An enforced ``allow`` spares the call: what other rules order is recorded in shadow.
    """
    effects = []
    for rule in rules.of_standing(standing):
        for check in rule.checks:
            if not check(caller, ask, now):
                break
        else:
            effect = rule.effect(standing, now)
            if effect is not None:
                effects.append(effect)
    if not effects:
        return ALLOWED
    if rules.spares and any(e.action is Action.ALLOW and e.mode is Mode.ENFORCE for e in effects):
        effects = [e if e.action is Action.ALLOW else replace(e, mode=Mode.SHADOW) for e in effects]
    return Decision(tuple(effects))


def _order(rule: Rule) -> tuple[int, bool, float, str]:
    return -_HARDNESS[rule.action], rule.mode is Mode.SHADOW, 0.0 if rule.amount is None else rule.amount, rule.name
