"""Rules that are well written and still cannot be right: they accuse on one kind of evidence, or act for ever."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.gateway.conditions import MIN_FAMILIES, When
from stillwatch.gateway.nouns import Action, Mode
from stillwatch.gateway.policy import Rule
from stillwatch.records import OWN_FAMILIES

Fault = tuple[str, str]
"""The key, and what is wrong with it."""
AMOUNTS = {
    Action.PACE: "tokens a second, more than 0",
    Action.LOWER_LIMITS: "a factor between 0 and 1",
    Action.CAP_N: "a whole number of at least 1",
    Action.CAP_OUTPUT_TOKENS: "a whole number of at least 1",
}
"""Actions with a size, and what that is."""
WITH_URL = {
    Action.ASK_VERIFICATION: "where to verify",
    Action.SUSPEND: "where to appeal",
}
"""Actions that stop a call: whoever is stopped must be told where to turn."""


def find_faults(rule: Rule, *, models: frozenset[str] | None = None) -> Iterator[Fault]:
    """Yield what cannot be right about a rule. ``models`` are the names callers may use, None = not known."""
    yield from _amount_faults(rule)
    yield from _evidence_faults(rule)
    yield from _ending_faults(rule)
    yield from _stopping_faults(rule)
    yield from _contradictions(rule.when)
    for name in sorted(rule.when.model - models) if models is not None else ():
        yield "model", f"no model is called {name!r}; write a [[models]] name of the settings, not an alias"


def _amount_faults(rule: Rule) -> Iterator[Fault]:
    says = AMOUNTS.get(rule.action)
    amount = rule.amount
    if says is None:
        if amount is not None:
            yield "amount", f"{rule.action} has no amount; remove it"
    elif amount is None:
        yield "amount", f"is missing; {rule.action} needs {says}"
    elif (
        amount <= 0
        or (rule.action is Action.LOWER_LIMITS and amount >= 1)
        or (rule.action in {Action.CAP_N, Action.CAP_OUTPUT_TOKENS} and amount % 1)
    ):
        yield "amount", f"is {amount:g}; {rule.action} needs {says}"


def _evidence_faults(rule: Rule) -> Iterator[Fault]:
    when = rule.when
    if rule.action is Action.ALLOW:
        if when.evidence:
            yield (
                "when",
                "evidence against an account is no reason to allow; leave it out, or set campaign = false",
            )
        return
    if when.campaign is False:
        yield (
            "campaign",
            "only allow may ask for accounts in no campaign: a granted appeal must not make things worse",
        )
        return
    if not when.evidence:
        if rule.action is Action.SUSPEND:
            yield "when", "suspend needs evidence: set campaign = true"
        return
    families = MIN_FAMILIES if when.min_families is None else when.min_families
    if rule.mode is Mode.ENFORCE and families < MIN_FAMILIES:
        yield "min_families", f"is {families}; one kind of evidence is not enough to act upon: at least {MIN_FAMILIES}"
    if families > len(OWN_FAMILIES):
        yield "min_families", f"is {families}; there are {len(OWN_FAMILIES)} families of this host's own evidence"


def _ending_faults(rule: Rule) -> Iterator[Fault]:
    if rule.days is not None and not rule.when.evidence:
        yield "days", "counts from the day a scan lists the account, which this rule does not ask for; write until"
    elif rule.days is None and rule.until is None:
        ends = "days or until" if rule.when.evidence else "until"
        yield ends, "is missing; every effect ends by itself"


def _stopping_faults(rule: Rule) -> Iterator[Fault]:
    if rule.action not in WITH_URL:
        return
    if rule.url is None:
        yield "url", f"is missing; {rule.action} must say {WITH_URL[rule.action]}"
    if rule.silent_reason is not None:
        yield "silent_reason", f"{rule.action} stops the call and cannot be silent; remove it"
    if rule.when == When():
        yield "when", f"is missing; without a condition {rule.action} stops every call"


def _contradictions(when: When) -> Iterator[Fault]:
    if when.not_before is not None and when.not_after is not None and when.not_before >= when.not_after:
        yield "not_after", "is not later than not_before, so the rule never applies"
    young, old = when.younger_than_days, when.older_than_days
    if young is not None and old is not None and old >= young:
        yield "older_than_days", "leaves no age below younger_than_days, so the rule never applies"
