"""Plans against sums done by hand, and published trainings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.plan.assumptions import Model, Price, read_assumptions
from stillwatch_lab.plan.costs import Harvest, gpu_hours, gpus_needed, training_bytes, training_flop
from stillwatch_lab.plan.limits import AccountLimits, accounts_at_once, accounts_used_up, days_needed
from stillwatch_lab.plan.plan import PlanRequest, make_examples, make_plan, say_assumptions

ASSUMED = read_assumptions(None)
H100 = ASSUMED.gpu("h100")
PRICE = Price("m", "h", input=1.0, cached_input=0.1, output=10.0, discount=0.5, source="test")
HARVEST = Harvest(queries=1000, prompt_tokens=100, answer_tokens=1000)
REQUEST = PlanRequest(
    price=PRICE,
    teacher=Model(parameters=100e9, active=10e9, source="test"),
    student=Model(parameters=1e9, source="test"),
    gpu=H100,
    harvest=HARVEST,
    epochs=2,
)


def test_the_bill_is_tokens_times_prices() -> None:
    assert HARVEST.usd(PRICE) == pytest.approx(0.1 * 1 + 1 * 10)
    half_cached = replace(HARVEST, cached_share=0.5)
    assert half_cached.usd(PRICE) == pytest.approx(0.05 * 1 + 0.05 * 0.1 + 1 * 10)
    plan = make_plan(REQUEST, ASSUMED)
    assert (plan.api_usd, plan.api_usd_discounted) == (pytest.approx(10.1), pytest.approx(5.05))


def test_training_takes_six_operations_a_parameter_and_token() -> None:
    plan = make_plan(REQUEST, ASSUMED)
    assert plan.training_tokens == 2 * 1000 * 1100
    assert plan.training_flop == pytest.approx(6 * 1e9 * 2.2e6)
    assert plan.training_gpu_hours == pytest.approx(6 * 1e9 * 2.2e6 / (989e12 * 0.4) / 3600)


def test_agrees_with_a_published_training() -> None:
    # Llama 3 405B on 15.6T tokens: 3.8e25 FLOP (arXiv 2407.21783); the 8B model: 1.46 M H100 hours for 15T tokens.
    assert training_flop(Model(parameters=405e9, source=""), 15.6e12) == pytest.approx(3.8e25, rel=0.02)
    hours = gpu_hours(training_flop(Model(parameters=8e9, source=""), 15e12), H100, 0.4)
    assert hours == pytest.approx(1.46e6, rel=0.7), "the order of magnitude: they reached less than 40 %"


def test_memory_is_sixteen_bytes_a_parameter_and_what_is_in_flight() -> None:
    assert training_bytes(Model(parameters=1e9, source=""), batch_tokens=1000) == 16e9
    shaped = Model(parameters=1e9, layers=2, hidden=3, vocabulary=5, source="")
    assert training_bytes(shaped, batch_tokens=1000) == 16e9 + 1000 * (2 * 3 * 2 + 5 * 8)
    assert gpus_needed(16e9, H100) == 1
    assert gpus_needed(7.62e9 * 16, H100) == 2


def test_on_policy_has_everything_scored_anew_in_every_epoch() -> None:
    plan = make_plan(replace(REQUEST, method="on-policy"), ASSUMED)
    assert plan.queries == 2000
    assert plan.input_tokens == 2000 * 1100
    assert plan.teacher_scoring_flop == pytest.approx(2 * 10e9 * 2.2e6)
    assert plan.generation_gpu_hours == pytest.approx(2 * 1e9 * 2e6 / (989e12 * 0.15) / 3600)


def test_kept_log_probabilities_take_six_bytes_each() -> None:
    assert make_plan(replace(REQUEST, method="logits", top_k=20), ASSUMED).logprob_bytes == 1e6 * 20 * 6


def test_the_tighter_limit_decides() -> None:
    by_calls = AccountLimits(calls_a_day=100)
    by_tokens = AccountLimits(calls_a_day=100, tokens_a_day=11_000)
    assert days_needed(HARVEST, by_calls, accounts=2) == 5
    assert days_needed(HARVEST, by_tokens, accounts=2) == 50
    assert accounts_at_once(HARVEST, by_tokens, days=30) == 4
    assert days_needed(HARVEST, AccountLimits(), accounts=1) == 0


def test_found_accounts_must_be_replaced() -> None:
    limits = AccountLimits(calls_a_day=10, days_until_suspended=5, usd_an_account=3)
    assert accounts_used_up(HARVEST, limits, accounts=2) == 20  # 100 account-days, 5 an account
    plan = make_plan(replace(REQUEST, limits=limits, accounts=2), ASSUMED)
    assert plan.accounts_usd == 60
    assert plan.total_usd == pytest.approx(plan.api_usd + plan.gpu_usd + 60)


def test_the_largest_reported_campaign_needed_thousands_of_accounts_at_a_few_hundred_calls() -> None:
    # 13 million exchanges; the reported campaigns ran from 4 to 850 calls an account and day.
    largest = dict(make_examples(replace(REQUEST, limits=AccountLimits(calls_a_day=200)), ASSUMED))
    assert largest["largest of February 2026"].accounts_at_once == 2167


def test_says_what_it_rests_on() -> None:
    said = " ".join(say_assumptions(replace(REQUEST, method="on-policy"), ASSUMED))
    for word in ("2026-11-25", "40%", "989", "2 epochs", "on-policy", "shape is unknown", "16 bytes"):
        assert word in said.replace("9.89e+14", "989"), word


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "magic"},
        {"epochs": 0},
        {"accounts": 0},
        {"harvest": replace(HARVEST, queries=0)},
        {"harvest": replace(HARVEST, cached_share=2)},
    ],
)
def test_refuses_what_cannot_be_reckoned(wrong: dict[str, object]) -> None:
    with pytest.raises(LabSettingsError, match="give"):
        replace(REQUEST, **wrong)
