"""Conditions of rules: over the evidence against an account, the account, the call, and the time. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from stillwatch.gateway.nouns import Ask, Caller, Standing
from stillwatch.records import Family

DAY_SECONDS = 86_400
MIN_FAMILIES = 2
"""Two independent kinds of evidence before an account is held to be in a campaign (docs/design.md, point 3)."""
FAMILY_BITS = 1.0
"""From here on a family counts as evidence: odds of two to one. Less is what innocent groups show by chance."""

Check = Callable[[Caller, Ask, float], bool]
"""One condition on a call, given the caller, the ask, and the time in seconds since 1970."""

StandingCheck = Callable[[Standing], bool]
"""One condition on an account's standing."""


@dataclass(frozen=True)
class When:
    """The conditions of a rule; all that are given must hold, None and empty ones are not given.

    Every ``min_`` condition on evidence needs an account in a campaign without a granted appeal, and
    ``min_families`` families of at least ``family_bits`` each: more evidence makes more rules apply, never fewer.
    """

    campaign: bool | None = None
    """True: in a campaign. False: in none; only ``allow`` may say so."""
    min_strength_bits: float | None = None
    min_match_weight: float | None = None
    """Bits of this account's own membership."""
    min_share: float | None = None
    """Share of the account's calls that are the campaign's, 0 to 1."""
    min_bits: dict[Family, float] = field(default_factory=dict)
    min_families: int | None = None
    """None = MIN_FAMILIES, where the rule names evidence at all."""
    family_bits: float = FAMILY_BITS
    verification: frozenset[str] = frozenset()
    plan: frozenset[str] = frozenset()
    younger_than_days: float | None = None
    """Since sign-up. An account of unknown age is neither younger nor older."""
    older_than_days: float | None = None
    model: frozenset[str] = frozenset()
    operation: frozenset[str] = frozenset()
    reasoning: bool | None = None
    logprobs: bool | None = None
    stream: bool | None = None
    min_n: int | None = None
    min_tools: int | None = None
    min_output_tokens: int | None = None
    """The ceiling asked for; a call that names none asks for more than any number."""
    minutes: tuple[int, int] | None = None
    """Minutes of the UTC day, from (inclusive) to (exclusive); over midnight if from > to."""
    weekdays: frozenset[int] = frozenset()
    """Monday is 0, in UTC."""
    not_before: float | None = None
    not_after: float | None = None
    """Exclusive. Both are seconds since 1970."""

    @property
    def evidence(self) -> bool:
        """Whether the rule asks for evidence against the account."""
        least = (self.min_strength_bits, self.min_match_weight, self.min_share, self.min_families)
        return self.campaign is True or bool(self.min_bits) or any(value is not None for value in least)


def make_checks(when: When) -> list[Check]:
    """Return one function for each condition on account, call and time that was given."""
    return [*_account_checks(when), *_ask_checks(when), *_time_checks(when)]


def evidence_checks(when: When) -> list[StandingCheck]:
    """Return one function for each condition on the account's standing that was given."""
    if when.campaign is False:
        return [lambda standing: standing.campaign is None or standing.appeal_granted]
    if not when.evidence:
        return []
    # That there is a campaign and no appeal, ``decide`` has looked at already.
    least = {name: getattr(when, name) for name in _LEAST}
    checks: list[StandingCheck] = [_at_least(name, value) for name, value in least.items() if value is not None]
    for family, bits in when.min_bits.items():
        checks.append(lambda standing, f=family, b=bits: standing.bits.get(f, 0.0) >= b)  # type: ignore[misc]
    families = MIN_FAMILIES if when.min_families is None else when.min_families
    checks.append(_enough_families(families, when.family_bits))
    return checks


def _enough_families(families: int, floor: float) -> StandingCheck:
    def check(standing: Standing) -> bool:
        found = 0
        for family, bits in standing.bits.items():
            found += bits >= floor and family is not _PARTNERS
        return found >= families

    return check


_PARTNERS = Family.PARTNERS
"""What other hosts say is never one of the families that a rule needs."""
_LEAST = ("min_strength_bits", "min_match_weight", "min_share")


def _at_least(name: str, least: float) -> StandingCheck:
    value = attrgetter(name.removeprefix("min_"))
    return lambda standing: value(standing) >= least


def _account_checks(when: When) -> list[Check]:
    checks: list[Check] = []
    if when.verification:
        checks.append(lambda caller, _a, _n: caller.verification in when.verification)
    if when.plan:
        checks.append(lambda caller, _a, _n: caller.plan in when.plan)
    if (young := when.younger_than_days) is not None:
        checks.append(lambda c, _a, now: c.created_at is not None and now - c.created_at < young * DAY_SECONDS)
    if (old := when.older_than_days) is not None:
        checks.append(lambda c, _a, now: c.created_at is not None and now - c.created_at >= old * DAY_SECONDS)
    return checks


def _ask_checks(when: When) -> list[Check]:
    checks: list[Check] = []
    if when.model:
        checks.append(lambda _c, ask, _n: ask.model in when.model)
    if when.operation:
        checks.append(lambda _c, ask, _n: ask.operation in when.operation)
    for name in ("reasoning", "logprobs", "stream"):
        if (wanted := getattr(when, name)) is not None:
            asked = attrgetter(name)
            checks.append(lambda _c, ask, _n, a=asked, w=wanted: a(ask) is w)  # type: ignore[misc]
    if (samples := when.min_n) is not None:
        checks.append(lambda _c, ask, _n: ask.n >= samples)
    if (tools := when.min_tools) is not None:
        checks.append(lambda _c, ask, _n: ask.tools >= tools)
    if (tokens := when.min_output_tokens) is not None:
        checks.append(lambda _c, ask, _n: ask.max_output_tokens is None or ask.max_output_tokens >= tokens)
    return checks


def _time_checks(when: When) -> list[Check]:
    checks: list[Check] = []
    if when.minutes is not None:
        start, end = when.minutes
        if start <= end:
            checks.append(lambda _c, _a, now: start <= _minute(now) < end)
        else:
            checks.append(lambda _c, _a, now: _minute(now) >= start or _minute(now) < end)
    if when.weekdays:
        checks.append(lambda _c, _a, now: _weekday(now) in when.weekdays)
    if (first := when.not_before) is not None:
        checks.append(lambda _c, _a, now: now >= first)
    if (last := when.not_after) is not None:
        checks.append(lambda _c, _a, now: now < last)
    return checks


def _minute(now: float) -> int:
    return int(now // 60) % 1440


def _weekday(now: float) -> int:
    # 1970-01-01 was a Thursday, 3 days after a Monday.
    return (int(now // DAY_SECONDS) + 3) % 7
