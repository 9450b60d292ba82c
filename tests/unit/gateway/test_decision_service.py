"""Who, how they stand, the policy, the limits: what each of them does to a verdict, and what is held afterwards."""

from __future__ import annotations

import asyncio

import pytest

from decide_world import NOW, OneHold, World, effect
from stillwatch.gateway.decision_service import FIRST_HOLD, DecisionService, Neighbours
from stillwatch.gateway.nouns import Action, Ask, Caller, Mode, Standing
from stillwatch.gateway.open_holds import OpenHolds
from stillwatch.gateway.verdict import Question, Verdict, structured

ALICE = Caller("alice", organization="org", plan="paid")
ASK = Ask("large", max_output_tokens=100, n=2, input_bytes=400)


def question(call_id: str = "c1", *, keep: bool = True, ask: Ask = ASK, **who: object) -> Question:
    return Question(call_id, ask, **({"caller": ALICE} | who), keep=keep)  # type: ignore[arg-type]


def decided(world: World, asked: Question) -> Verdict:
    return asyncio.run(world.service().decide(asked))


def test_a_credential_is_looked_up_and_an_unknown_one_refused() -> None:
    world = World(keys={"sw-a": ALICE})
    known = decided(world, question(caller=None, credential="sw-a"))
    assert (known.allow, known.caller) == (True, ALICE)
    for nobody in ("sw-b", None):
        unknown = decided(world, question(caller=None, credential=nobody))
        assert (unknown.allow, unknown.status, unknown.code) == (False, 401, "invalid_api_key")


def test_all_budgets_of_the_call_are_named() -> None:
    world = World(standings={"alice": Standing("C-1")}, effects={"alice": [effect(Action.LOWER_LIMITS, 0.25)]})
    decided(world, question())
    ((subjects, cost),) = world.admitted
    assert (subjects.account, subjects.organization, subjects.campaign, subjects.model, subjects.plan) == (
        ("alice", "org", "C-1", "large", "paid")
    )
    assert (cost.input_tokens, cost.output_hold, cost.stream, cost.limit_factor) == (100, 200, True, 0.25)


def test_an_alias_draws_on_its_models_budgets() -> None:
    world = World()
    neighbours = Neighbours(world, world, world, world, world, models={"alias": "large"})  # type: ignore[arg-type]
    service = DecisionService(neighbours, clock=lambda: NOW)
    asyncio.run(service.decide(question(ask=Ask("alias"))))
    assert world.admitted[0][0].model == "large"
    assert world.asked[0][1].model == "large"


def test_a_call_without_a_ceiling_holds_little_and_one_nobody_reports_holds_nothing() -> None:
    world = World()
    decided(world, question(ask=Ask("large")))
    decided(world, question(keep=False))
    (_, kept), (_, gone) = world.admitted
    assert (kept.output_hold, kept.stream) == (FIRST_HOLD, True)
    assert (gone.output_hold, gone.stream) == (0, False)
    assert [hold.released for hold in world.holds] == [0, 1]


def test_log_probabilities_weigh_more() -> None:
    world = World()
    decided(world, question(ask=Ask("large", logprobs=True)))
    assert world.admitted[0][1].weight == 2.0


@pytest.mark.parametrize(
    ("action", "code"), [(Action.SUSPEND, "account_suspended"), (Action.ASK_VERIFICATION, "verification_required")]
)
def test_a_stop_holds_nothing_and_says_where_to_turn(action: Action, code: str) -> None:
    world = World(effects={"alice": [effect(action)]})
    verdict = decided(world, question())
    assert (verdict.status, verdict.code, verdict.message, verdict.url) == (
        403,
        code,
        "because",
        "https://example.com/x",
    )
    assert world.admitted == []


def test_the_hardest_stop_counts_and_a_shadow_stops_nobody() -> None:
    both = [effect(Action.SUSPEND), effect(Action.ASK_VERIFICATION)]
    assert decided(World(effects={"alice": both}), question()).code == "account_suspended"
    shadow = World(effects={"alice": [effect(Action.SUSPEND, mode=Mode.SHADOW)]})
    assert decided(shadow, question()).allow
    ((kind, row),) = shadow.notes
    assert (kind, row["acted"]) == ("decision", False)


def test_a_limit_refuses_without_naming_its_level_to_the_caller() -> None:
    world = World(over_limit={"alice"})
    verdict = decided(world, question())
    assert (verdict.status, verdict.retry_after_seconds) == (429, 2.2)
    assert ("retry-after", "3") in verdict.headers()
    assert "campaign" not in str(verdict.error()) + str(verdict.headers())
    assert world.notes[0][1]["level"] == "campaign"


def test_limits_that_cannot_be_checked_refuse() -> None:
    verdict = decided(World(closed=True), question())
    assert (verdict.status, verdict.code) == (503, "limits_down")


def test_reports_capture_settle_and_end() -> None:
    world = World(pauses=[0.5])

    async def all_of_it() -> None:
        service = world.service()
        await service.decide(question())
        first = service.report("c1", output_tokens=10)
        last = service.report("c1", output_tokens=5, input_tokens=90, done=True)
        assert (first.known, first.pause_seconds, last.pause_seconds) == (True, 0.5, 0.0)
        assert not service.report("c1").known

    asyncio.run(all_of_it())
    (hold,) = world.holds
    assert (hold.captured, hold.input_tokens, hold.released) == (15, 90, 1)


def test_a_second_call_cannot_take_the_place_of_an_open_one() -> None:
    world = World()

    async def twice() -> Verdict:
        service = world.service()
        await service.decide(question())
        return await service.decide(question())

    verdict = asyncio.run(twice())
    assert (verdict.status, verdict.code) == (409, "call_id_in_use")
    assert [(hold.released, hold.input_tokens) for hold in world.holds] == [(0, None), (1, 0.0)]


def test_a_call_that_falls_silent_is_given_back() -> None:
    world = World()

    async def later() -> None:
        service = world.service()
        await service.decide(question("silent"))
        await service.decide(question("talking"))
        world.steady += 400
        service.report("talking", output_tokens=1)
        world.steady += 300
        service.holds.sweep()
        assert not service.report("silent").known
        assert service.report("talking").known

    asyncio.run(later())


@pytest.mark.parametrize("hours", [9, -9])
def test_a_clock_that_is_set_ends_no_open_call_and_keeps_none_for_longer(hours: float) -> None:
    world = World()

    async def later() -> None:
        service = world.service()
        await service.decide(question("open"))
        world.now += hours * 3600
        service.holds.sweep()
        assert service.report("open", output_tokens=3).known
        world.steady += 700
        service.holds.sweep()
        assert not service.report("open").known

    asyncio.run(later())
    assert [(hold.captured, hold.released) for hold in world.holds] == [(3, 1)]


def test_open_calls_are_bounded_and_all_given_back_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.open_holds.MAX_HOLDS", 2)
    holds = OpenHolds(600.0)
    made = [OneHold([]) for _ in range(4)]
    for number, hold in enumerate(made):
        assert holds.put(str(number), hold)
    assert [hold.released for hold in made] == [1, 1, 0, 0]
    holds.end_all()
    assert [hold.released for hold in made] == [1, 1, 1, 1]


def test_headers_say_what_acts_unless_it_is_silent() -> None:
    effects = [
        effect(Action.CAP_N, 1),
        effect(Action.PACE, 12.5),
        effect(Action.STRIP_LOGPROBS, silent=True),
        effect(Action.SUSPEND, mode=Mode.SHADOW),
    ]
    verdict = decided(World(effects={"alice": effects}), question())
    assert verdict.headers() == [
        ("stillwatch-effect", 'cap_n;amount=1;reason="because"'),
        ("stillwatch-effect", 'pace;amount=12.5;reason="because"'),
    ]


def test_a_reason_cannot_break_out_of_its_header() -> None:
    hostile = effect(Action.PACE, 1)
    hostile = type(hostile)(hostile.action, "r", hostile.mode, 'a"\\b\r\nx: y \u2603', 1.0)
    assert structured(hostile) == 'pace;amount=1;reason="a\\"\\\\b??x: y ?"'
