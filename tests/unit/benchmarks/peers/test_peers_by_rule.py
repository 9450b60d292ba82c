from __future__ import annotations

import pytest
from benchmarks.peers import aegisgate, rate_threshold
from benchmarks.peers.phrases import asks_for_reasoning, domain_of
from hand_made import call, traffic


def test_rate_threshold_accuses_above_a_hundred_in_one_clock_hour() -> None:
    calls = [call("busy", i * 0.5) for i in range(101)] + [call("steady", i * 0.5) for i in range(100)]
    assert rate_threshold.accuse(traffic(calls)).accounts == {"busy"}


def test_rate_threshold_does_not_add_hours_up() -> None:
    assert rate_threshold.accuse(traffic([call("slow", i) for i in range(600)])).accounts == frozenset()


@pytest.mark.parametrize("text", ["Think STEP BY STEP.", "walk through the reasoning", "write out each step"])
def test_phrases_are_found_in_any_letter_case(text: str) -> None:
    assert asks_for_reasoning(text)


def test_ordinary_requests_hold_no_phrase() -> None:
    assert not asks_for_reasoning("What should I cook tonight?")
    assert domain_of("What should I cook tonight?") is None
    assert domain_of("Write a unit test") == "coding"


def test_aegisgate_flags_an_ordinary_evaluation_run() -> None:
    questions = [f"Question {i}: think step by step." for i in range(120)]
    calls = [call("eval", i * 0.4, text) for i, text in enumerate(questions)]
    log = traffic([*calls, call("human", 3, "Hi")])
    assert aegisgate.scores(log)[log.names.index("eval")] == pytest.approx(0.90)
    assert aegisgate.accuse(log).accounts == {"eval"}


def test_aegisgate_joins_keys_with_the_same_address_and_template() -> None:
    shared = {"client_address": "192.0.2.1"}
    calls = [call(name, i, "Translate this text", **shared) for i, name in enumerate("ab")]
    calls.append(call("c", 3, "Something else", **shared))
    verdict = aegisgate.accuse(traffic(calls))
    assert verdict.groups == (frozenset("ab"),)
