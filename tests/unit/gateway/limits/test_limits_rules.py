from __future__ import annotations

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.limits.rules import LimitRules
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.ports import Subjects
from stillwatch.gateway.settings import LimitRule

ALICE = Subjects("alice", "acme", None, "big", plan="free")


def rule(level: Level = Level.ACCOUNT, unit: Unit = Unit.CALLS, **more: object) -> LimitRule:
    return LimitRule(level, unit, **({"per_minute": 60.0} | more))  # type: ignore[arg-type]


def drawn(rules: list[LimitRule], subjects: Subjects = ALICE) -> list[int]:
    return [key.rule for key in LimitRules(rules).keys(subjects)]


def test_a_level_that_the_call_has_not_is_left_out() -> None:
    rules = [rule(level) for level in Level]
    keys = LimitRules(rules).keys(ALICE)
    assert [(key.level, key.subject) for key in keys] == [
        (Level.ACCOUNT, "alice"),
        (Level.ORGANIZATION, "acme"),
        (Level.MODEL, "big"),
        (Level.GLOBAL, ""),
    ]


def test_a_rule_for_the_plan_takes_the_place_of_the_general_one() -> None:
    rules = [rule(), rule(plan="free"), rule(plan="paid"), rule(unit=Unit.OUTPUT_TOKENS)]
    assert drawn(rules) == [1, 3]
    assert drawn(rules, Subjects("bob", None, None, "big", plan="other")) == [0, 3]


def test_a_rule_for_a_model_counts_beside_the_general_one() -> None:
    rules = [rule(), rule(model="big"), rule(model="small")]
    assert drawn(rules) == [0, 1]


def test_a_model_s_rule_is_not_displaced_by_a_plan_s_rule_without_model() -> None:
    assert drawn([rule(model="big"), rule(plan="free")]) == [0, 1]


def test_another_letter_case_is_another_model_and_has_no_rule() -> None:
    assert drawn([rule(model="big")], Subjects("alice", None, None, "BIG")) == []


def test_the_name_in_a_store_says_what_is_counted_and_not_where_the_rule_stands() -> None:
    (first,) = LimitRules([rule()]).keys(ALICE)
    (_, moved) = LimitRules([rule(unit=Unit.INPUT_TOKENS), rule()]).keys(ALICE)
    assert str(first) == str(moved) or str(first) in {str(k) for k in LimitRules([rule(plan="x"), rule()]).keys(ALICE)}
    (planned,) = LimitRules([rule(plan="free")]).keys(ALICE)
    assert str(planned) != str(first)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (rule(per_minute=0.0), "per_minute must be above 0"),
        (rule(per_minute=float("nan")), "per_minute must be above 0"),
        (rule(burst=0.5), "burst must be 1 or more"),
        (rule(most=3), "most counts streams only"),
        (rule(unit=Unit.STREAMS, per_minute=0.0), "most = 1 or more"),
        (rule(unit=Unit.STREAMS, most=1), "streams do not refill"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_place(bad: LimitRule, says: str) -> None:
    with pytest.raises(SettingsError, match=rf"number 2 .*{says}"):
        LimitRules([rule(unit=Unit.OUTPUT_TOKENS), bad])


def test_two_rules_for_the_same_are_refused() -> None:
    with pytest.raises(SettingsError, match="number 3: same level, unit, plan and model as number 1"):
        LimitRules([rule(), rule(plan="free"), rule()])
