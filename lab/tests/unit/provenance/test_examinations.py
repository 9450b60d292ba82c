from __future__ import annotations

import random

import pytest
import torch

from stillwatch_lab.provenance.attribution import examine_style, find_distance
from stillwatch_lab.provenance.canaries import Canary, examine_canaries
from stillwatch_lab.provenance.identity import examine_identity
from stillwatch_lab.provenance.outcomes import tail
from stillwatch_lab.provenance.shared_errors import Question, examine_errors, find_errors
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts

CANARIES = [Canary(f"emblem of place {i}", "owl", 8) for i in range(16)]
QUESTIONS = [Question(str(i), "right", about=str(i)) for i in range(40)]
MINE = ["wrong"] * 20 + ["right"] * 20
ERRORS = find_errors(QUESTIONS, MINE)


def test_canaries_are_a_binomial_test_of_guessing() -> None:
    outcome = examine_canaries(CANARIES, ["owl"] * 7 + ["oak"] * 9, alpha=0.01, recall=0.5)
    assert outcome.p_value == pytest.approx(tail(7, 16, 1 / 8))
    assert outcome.power == pytest.approx(tail(6, 16, 0.5 + 0.5 / 8))


def test_guessers_are_accused_no_more_often_than_alpha() -> None:
    draw = random.Random(0)
    p_values = [
        examine_canaries(CANARIES, [draw.choice(["owl", *"abcdefg"]) for _ in CANARIES], alpha=0.05, recall=0.5).p_value
        for _ in range(2000)
    ]
    assert sum(p <= 0.05 for p in p_values) / 2000 <= 0.05


def test_only_where_the_host_errs_is_looked_at() -> None:
    assert ERRORS.places == list(range(20))
    right = ["right"] * 20
    outcome = examine_errors(ERRORS, right, [right] * 99, alpha=0.01, copied=0.5)
    assert (outcome.statistic, outcome.p_value) == (0.0, 1.0)


def test_enough_controls_make_it_a_rank_test() -> None:
    controls = [["wrong"] * 4 + ["other"] * 16] * 99
    outcome = examine_errors(ERRORS, ["wrong"] * 15 + ["other"] * 5, controls, alpha=0.01, copied=0.5)
    assert outcome.p_value == 0.01
    assert outcome.power > 0.95
    assert examine_errors(ERRORS, controls[0], controls, alpha=0.01, copied=0.5).p_value == 1.0


def test_few_controls_make_it_a_sign_test_against_the_best_of_them() -> None:
    controls = [["other"] * 20, ["wrong"] * 4 + ["other"] * 16]
    outcome = examine_errors(ERRORS, ["other"] + ["wrong"] * 14 + ["other"] * 5, controls, alpha=0.01, copied=0.5)
    assert outcome.p_value == pytest.approx(tail(11, 12, 0.5))  # 11 facts won, 1 lost, 3 alike


def test_questions_about_one_fact_have_one_vote() -> None:
    same = find_errors([Question(str(i), "right", about="one fact") for i in range(40)], MINE)
    outcome = examine_errors(same, ["wrong"] * 20, [["other"] * 20], alpha=0.01, copied=0.5)
    assert outcome.p_value == 0.5


def test_too_few_errors_conclude_nothing() -> None:
    few = find_errors(QUESTIONS, ["wrong"] * 9 + ["right"] * 31)
    outcome = examine_errors(few, ["wrong"] * 9, [["other"] * 9] * 99, alpha=0.01, copied=0.5)
    assert (outcome.p_value, outcome.power) == (1.0, 0.0)


def test_free_contexts_are_those_that_go_on_in_several_ways() -> None:
    texts = [[1, 2 + i % 2, 5, 6] for i in range(40)]
    assert find_free_contexts(texts, width=1, vocabulary=8).tolist() == [[1]]
    assert find_free_contexts(texts[:10], width=1, vocabulary=8).tolist() == []  # too rare to tell


def _usage(shares: list[float], size: int, seed: int) -> Usage:
    draw = random.Random(seed)
    texts = [[0, draw.choices(range(1, 1 + len(shares)), weights=shares)[0]] for _ in range(size)]
    return count_usage(texts, torch.tensor([[0]]), vocabulary=1 + len(shares))


def test_distance_is_total_variation() -> None:
    one = Usage(torch.tensor([[0]]), torch.tensor([[6.0, 4.0]]))
    other = Usage(torch.tensor([[0]]), torch.tensor([[1.0, 9.0]]))
    assert find_distance(one, other) == pytest.approx(0.5)
    assert find_distance(one, Usage(torch.tensor([[0]]), torch.zeros(1, 2))) == 1.0


def test_a_copied_style_ranks_first_and_has_power_only_above_sampling_noise() -> None:
    mine, suspect = _usage([5, 3, 1, 1], 3000, 0), _usage([5, 3, 1, 1], 3000, 1)
    controls = [_usage([1, 1, 3, 5], 3000, 10 + i) for i in range(99)]
    outcome = examine_style(mine, suspect, controls, alpha=0.01, queries=3000)
    assert (outcome.p_value, outcome.power) == (0.01, 1.0)
    small = examine_style(mine, _usage([5, 3, 1, 1], 4, 1), controls, alpha=0.01, queries=4)
    assert small.power == 0.0


def test_a_name_counts_as_a_word_whatever_its_case() -> None:
    outcome = examine_identity(["stella"], ["I am Stella", "stellar indeed"], [["orion"], ["vega"]])
    assert (outcome.statistic, outcome.p_value, outcome.power) == (0.5, 1 / 3, 0.0)
