"""Which rules apply to a call, and what they order together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.gateway.conditions import DAY_SECONDS, When
from stillwatch.gateway.nouns import ALLOWED, UNKNOWN, Action, Ask, Caller, Mode, Standing
from stillwatch.gateway.policy import MADE, Rule, Rules, decide
from stillwatch.records import Family

NOW = 1_782_900_000.0
"""2026-07-01 10:00 UTC, a Wednesday."""
CALLER = Caller("acct", verification="none", plan="free", created_at=NOW - 10 * DAY_SECONDS)
ASK = Ask("large", max_output_tokens=1000, n=2, logprobs=True, tools=3)
LISTED = Standing(
    "C-1", 8.0, {Family.CONTENT: 6.0, Family.NETWORK: 2.0, Family.TIMING: 0.5}, 5.0, 0.6, since=NOW - DAY_SECONDS
)


def rule(name: str = "r", action: Action = Action.PACE, *, mode: Mode = Mode.ENFORCE, **keys: object) -> Rule:
    keys.setdefault("until", NOW + DAY_SECONDS)
    when = keys.pop("when", When())
    return Rule(name=name, when=when, action=action, reason="because", mode=mode, **keys)  # type: ignore[arg-type]


def applies(
    when: When, *, caller: Caller = CALLER, ask: Ask = ASK, standing: Standing = LISTED, now: float = NOW
) -> bool:
    return decide(Rules((rule(when=when),)), caller, ask, standing, now=now) != ALLOWED


@pytest.mark.parametrize(
    "when",
    [
        When(),
        When(campaign=True),
        When(min_strength_bits=8.0),
        When(min_match_weight=5.0),
        When(min_share=0.6),
        When(min_bits={Family.CONTENT: 6.0}),
        When(min_families=3, family_bits=0.5),
        When(verification=frozenset({"none", "kyc"})),
        When(plan=frozenset({"free"})),
        When(younger_than_days=10.1),
        When(older_than_days=9.9),
        When(model=frozenset({"large"})),
        When(operation=frozenset({"chat"})),
        When(reasoning=False),
        When(logprobs=True),
        When(stream=False),
        When(min_n=2),
        When(min_tools=3),
        When(min_output_tokens=1000),
        When(minutes=(9 * 60, 10 * 60 + 1)),
        When(minutes=(22 * 60, 10 * 60 + 1)),
        When(weekdays=frozenset({2})),
        When(not_before=NOW, not_after=NOW + 1),
    ],
)
def test_a_condition_that_holds_lets_the_rule_apply(when: When) -> None:
    assert applies(when)


@pytest.mark.parametrize(
    "when",
    [
        When(campaign=False),
        When(min_strength_bits=8.1),
        When(min_match_weight=5.1),
        When(min_share=0.61),
        When(min_bits={Family.IDENTITY: 0.1}),
        When(min_families=3),
        When(verification=frozenset({"kyc"})),
        When(plan=frozenset({"paid"})),
        When(younger_than_days=9.9),
        When(older_than_days=10.1),
        When(model=frozenset({"LARGE"})),
        When(operation=frozenset({"embeddings"})),
        When(reasoning=True),
        When(logprobs=False),
        When(stream=True),
        When(min_n=3),
        When(min_tools=4),
        When(min_output_tokens=1001),
        When(minutes=(9 * 60, 10 * 60)),
        When(minutes=(22 * 60, 10 * 60)),
        When(weekdays=frozenset({1, 3})),
        When(not_before=NOW + 1),
        When(not_after=NOW),
    ],
)
def test_a_condition_that_does_not_hold_stops_the_rule(when: When) -> None:
    assert not applies(when)


def test_evidence_of_one_family_is_not_evidence() -> None:
    one = replace(LISTED, bits={Family.NETWORK: 40.0, Family.TIMING: 0.9})
    assert not applies(When(campaign=True), standing=one)
    assert applies(When(campaign=True), standing=replace(LISTED, bits={Family.NETWORK: 1.0, Family.TIMING: 1.0}))


@pytest.mark.parametrize("when", [When(campaign=True), When(min_strength_bits=0.0), When(min_share=0.0)])
def test_rules_about_evidence_say_nothing_of_unlisted_and_appealed_accounts(when: When) -> None:
    assert not applies(when, standing=UNKNOWN)
    assert not applies(when, standing=replace(LISTED, appeal_granted=True))


def test_an_account_of_unknown_age_is_neither_young_nor_old() -> None:
    unknown = replace(CALLER, created_at=None)
    assert not applies(When(younger_than_days=1e6), caller=unknown)
    assert not applies(When(older_than_days=0), caller=unknown)


def test_a_call_without_a_ceiling_asks_for_more_than_any_number() -> None:
    assert applies(When(min_output_tokens=10**9), ask=ASK._replace(max_output_tokens=None))


def test_days_count_from_the_listing_and_end_by_themselves() -> None:
    rules = Rules((rule(days=2, until=None, when=When(campaign=True)),))
    effect = decide(rules, CALLER, ASK, LISTED, now=NOW).enforced(Action.PACE)
    assert effect is not None
    assert effect.until == NOW + DAY_SECONDS
    assert decide(rules, CALLER, ASK, LISTED, now=NOW + DAY_SECONDS) == ALLOWED
    assert decide(rules, CALLER, ASK, replace(LISTED, since=None), now=NOW) == ALLOWED


def test_the_earlier_of_days_and_until_counts() -> None:
    rules = Rules((rule(days=20, until=NOW + 5, when=When(campaign=True)),))
    assert decide(rules, CALLER, ASK, LISTED, now=NOW).effects[0].until == NOW + 5
    assert decide(rules, CALLER, ASK, LISTED, now=NOW + 5) == ALLOWED


def test_caps_combine_to_the_least_and_shadows_do_not_count() -> None:
    caps = (
        rule("wide", Action.CAP_N, amount=8),
        rule("narrow", Action.CAP_N, amount=4),
        rule("narrowest", Action.CAP_N, amount=1, mode=Mode.SHADOW),
    )
    for order in (caps, caps[::-1]):
        decision = decide(Rules(order), CALLER, ASK, LISTED, now=NOW)
        effect = decision.enforced(Action.CAP_N)
        assert effect is not None
        assert effect.amount == 4
        assert [e.rule for e in decision.effects] == ["narrow", "wide", "narrowest"]


def test_the_hardest_comes_first() -> None:
    rules = Rules(tuple(rule(action, action) for action in Action))
    decided = decide(rules.in_mode(Mode.SHADOW), CALLER, ASK, LISTED, now=NOW)
    assert [e.action for e in decided.effects] == list(Action)[::-1]


def test_an_enforced_allow_spares_and_leaves_a_record() -> None:
    rules = (rule("stop", Action.SUSPEND), rule("fine", Action.ALLOW, when=When(plan=frozenset({"free"}))))
    decision = decide(Rules(rules), CALLER, ASK, LISTED, now=NOW)
    assert decision.enforced(Action.SUSPEND) is None
    assert [(e.action, e.mode) for e in decision.effects] == [
        (Action.SUSPEND, Mode.SHADOW),
        (Action.ALLOW, Mode.ENFORCE),
    ]
    shadowed = Rules((rules[0], replace(rules[1], mode=Mode.SHADOW)))
    assert decide(shadowed, CALLER, ASK, LISTED, now=NOW).enforced(Action.SUSPEND) is not None


def test_what_is_silent_says_so() -> None:
    quiet = decide(Rules((rule(silent_reason="asked by counsel"),)), CALLER, ASK, LISTED, now=NOW)
    assert quiet.effects[0].silent
    assert not decide(Rules((rule(),)), CALLER, ASK, LISTED, now=NOW).effects[0].silent


def test_effects_of_many_accounts_are_not_kept_for_ever() -> None:
    one = rule(days=30, until=None, when=When(campaign=True))
    rules = Rules((one,))
    for number in range(MADE + 2):
        decide(rules, CALLER, ASK, replace(LISTED, since=NOW - number), now=NOW)
    assert len(rules.rules[0]._made) <= MADE


def test_a_new_standing_of_the_same_account_is_judged_anew() -> None:
    rules = Rules((rule(when=When(min_strength_bits=8.0)),))
    for standing, held in ((LISTED, True), (replace(LISTED, strength_bits=7.9), False), (UNKNOWN, False)) * 2:
        assert (decide(rules, CALLER, ASK, standing, now=NOW) != ALLOWED) is held


def test_forgets_standings_beyond_a_bound() -> None:
    rules = Rules((rule(when=When(min_strength_bits=8.0)),))
    for number in range(MADE + 10):
        decide(rules, CALLER, ASK, replace(LISTED, strength_bits=float(number)), now=NOW)
    assert len(rules._of_standing) <= MADE
    assert decide(rules, CALLER, ASK, LISTED, now=NOW) != ALLOWED
