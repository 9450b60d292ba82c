"""Whatever the rules and the call: an appeal never hardens, a shadow never acts, evidence of one kind never acts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway.conditions import DAY_SECONDS, When
from stillwatch.gateway.nouns import Action, Ask, Caller, Decision, Mode, Standing
from stillwatch.gateway.policy import Rule, Rules, decide
from stillwatch.gateway.rule_checks import AMOUNTS, find_faults
from stillwatch.gateway.rule_values import VERIFICATION
from stillwatch.records import Family

NOW = 1.8e9
MANY = settings(max_examples=150, deadline=None)

numbers = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0])
bits = st.dictionaries(st.sampled_from(list(Family)), numbers, max_size=5)


def words(*known: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(known), max_size=2)


VALUES: dict[str, st.SearchStrategy[object]] = {
    "campaign": st.booleans(),
    "min_strength_bits": numbers,
    "min_match_weight": numbers,
    "min_share": st.floats(0, 1),
    "min_bits": bits,
    "min_families": st.integers(1, 4),
    "family_bits": st.sampled_from([0.1, 1.0, 3.0]),
    "verification": words(*VERIFICATION),
    "plan": words("free", "paid"),
    "younger_than_days": numbers,
    "older_than_days": numbers,
    "model": words("a", "b"),
    "operation": words("chat", "embeddings"),
    "reasoning": st.booleans(),
    "logprobs": st.booleans(),
    "stream": st.booleans(),
    "min_n": st.integers(2, 4),
    "min_tools": st.integers(1, 3),
    "min_output_tokens": st.integers(1, 100),
    "minutes": st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
    "weekdays": st.frozensets(st.integers(0, 6), max_size=4),
    "not_before": st.sampled_from([NOW - 1, NOW, NOW + 1]),
    "not_after": st.sampled_from([NOW - 1, NOW, NOW + 1]),
}
FEW = 2
"""Conditions a rule beside evidence: with more of them hardly any rule would apply, and nothing would be tested."""
EVIDENCE = ["campaign", "min_strength_bits", "min_match_weight", "min_share", "min_bits"]


@st.composite
def conditions(draw: st.DrawFn) -> When:
    evidence = draw(st.lists(st.sampled_from(EVIDENCE), max_size=1))
    others = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=FEW, unique=True))
    return When(**{name: draw(VALUES[name]) for name in (*evidence, *others)})  # type: ignore[arg-type]


@st.composite
def one_rule(draw: st.DrawFn) -> Rule:
    """Draw a rule that the loader would take."""
    action = draw(st.sampled_from(list(Action)))
    amount = draw(st.sampled_from([1.0, 2.0, 8.0])) if action in AMOUNTS else None
    rule = Rule(
        name=str(draw(st.integers(0, 10**9))),
        when=draw(conditions()),
        action=action,
        reason="r",
        mode=draw(st.sampled_from(list(Mode))),
        amount=0.5 if action is Action.LOWER_LIMITS else amount,
        url="https://example.com",
        days=draw(st.none() | st.sampled_from([1.0, 30.0])),
        until=draw(st.none() | st.sampled_from([NOW, NOW + 1e6])),
        silent_reason=draw(st.none() | st.just("recorded")),
    )
    if {key for key, _ in find_faults(rule)} & {"not_after", "older_than_days", "silent_reason"}:
        rule = replace(rule, when=replace(rule.when, not_after=None, older_than_days=None), silent_reason=None)
    if {key for key, _ in find_faults(rule)} & {"when", "campaign", "min_families"}:
        allowed = action is Action.ALLOW
        when = When(campaign=False) if allowed else replace(rule.when, campaign=True, min_families=2)
        rule = replace(rule, when=when)
    if {key for key, _ in find_faults(rule)} & {"days", "until", "days or until"}:
        rule = replace(rule, days=None, until=NOW + 1e6)
    assert not list(find_faults(rule))
    return rule


some_rules = st.lists(one_rule(), max_size=6, unique_by=lambda r: r.name).map(lambda rules: Rules(tuple(rules)))
callers = st.builds(
    Caller,
    account=st.just("acct"),
    plan=st.sampled_from(["", "free", "paid"]),
    verification=st.sampled_from(VERIFICATION),
    created_at=st.none() | st.sampled_from([NOW - 1, NOW - 3 * DAY_SECONDS]),
)
asks = st.builds(
    Ask,
    model=st.sampled_from(["a", "b", "c"]),
    operation=st.sampled_from(["chat", "embeddings"]),
    stream=st.booleans(),
    max_output_tokens=st.none() | st.integers(0, 200),
    n=st.integers(1, 5),
    logprobs=st.booleans(),
    reasoning=st.booleans(),
    tools=st.integers(0, 4),
)
standings = st.builds(
    Standing,
    campaign=st.none() | st.just("C-1"),
    strength_bits=numbers,
    bits=bits,
    match_weight=numbers,
    share=st.floats(0, 1),
    since=st.none() | st.sampled_from([NOW - 40 * DAY_SECONDS, NOW - 1]),
)


def severity(decision: Decision, action: Action) -> float:
    """Rank what an action does to the caller: 0 = nothing, more = harder."""
    effect = decision.enforced(action)
    if effect is None:
        return 0.0
    return 1.0 if effect.amount is None else 1.0 + 1.0 / effect.amount


@MANY
@given(some_rules, callers, asks, standings)
def test_an_appeal_never_hardens(rules: Rules, caller: Caller, ask: Ask, standing: Standing) -> None:
    accused = decide(rules, caller, ask, standing, now=NOW)
    for appealed in (Standing(appeal_granted=True), replace(standing, appeal_granted=True)):
        cleared = decide(rules, caller, ask, appealed, now=NOW)
        for action in set(Action) - {Action.ALLOW}:
            assert severity(cleared, action) <= severity(accused, action)


@MANY
@given(some_rules, callers, asks, standings)
def test_a_shadow_never_acts(rules: Rules, caller: Caller, ask: Ask, standing: Standing) -> None:
    decision = decide(rules.in_mode(Mode.SHADOW), caller, ask, standing, now=NOW)
    assert not [action for action in Action if decision.enforced(action)]


@MANY
@given(some_rules, callers, asks, standings, st.sampled_from(list(Family)))
def test_one_kind_of_evidence_never_acts(
    rules: Rules, caller: Caller, ask: Ask, standing: Standing, family: Family
) -> None:
    single = replace(standing, campaign="C-1", bits={family: 1000.0}, since=NOW - 1)
    decision = decide(rules, caller, ask, single, now=NOW)
    evidence = {rule.name for rule in rules.rules if rule.when.evidence}
    assert not [e for e in decision.effects if e.rule in evidence and e.mode is Mode.ENFORCE]


@MANY
@given(some_rules, callers, asks, standings, st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(
    rules: Rules, caller: Caller, ask: Ask, standing: Standing, draw: object
) -> None:
    shuffled = list(rules.rules)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(Rules(tuple(shuffled)), caller, ask, standing, now=NOW) == decide(
        rules, caller, ask, standing, now=NOW
    )


@MANY
@given(some_rules, callers, asks, standings)
def test_every_effect_ends(rules: Rules, caller: Caller, ask: Ask, standing: Standing) -> None:
    decision = decide(rules, caller, ask, standing, now=NOW)
    assert all(e.until is not None and e.until > NOW for e in decision.effects)


def test_every_condition_is_drawn() -> None:
    assert set(VALUES) == set(When.__dataclass_fields__)


def test_no_condition_is_about_what_people_are() -> None:
    known = set(When.__dataclass_fields__) | set(Caller.__dataclass_fields__) | set(Ask._fields)
    assert not [name for name in known if any(w in name for w in ("country", "nation", "language", "locale"))]
