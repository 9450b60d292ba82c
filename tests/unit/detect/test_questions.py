from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stillwatch.detect.answers import MAX_FAMILY_BITS, Answer, Finding, strength
from stillwatch.detect.cells import Cell
from stillwatch.detect.groups import Group
from stillwatch.detect.load import Load
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.questions import is_distillation, objectives, one_operator
from stillwatch.detect.strands import TEMPLATE, USE
from stillwatch.detect.summary import Summary
from stillwatch.detect.topics import TopicSpread
from stillwatch.detect.uses import Use, score_cues
from stillwatch.records import Cue, Family

NO_LOAD = Load(0.0, 0.0, 1.0)
PEOPLE = TopicSpread(5.0, 0.2)
"""People in general keep to topics of their own."""
NOTHING = Answer(0.0)


def summary(calls: int = 5_000, cues: Cue | int = Cue.EXTERNALISED | Cue.REASONING, **others: Any) -> Summary:
    """Return a harvest by fifty accounts: new items, no follow-ups, long answers, any account with any topic."""
    table = score_cues(np.array([int(cues)]))
    made = Summary(
        calls=calls,
        completed=calls,
        output_tokens=900 * calls,
        input_tokens=100 * calls,
        cached_input_tokens=0,
        follow_ups=0,
        with_tools=0,
        first=0,
        last=10**12,
        cues=table.cues,
        cue_calls=np.array([calls]),
        cue_score=table.score,
        cue_use=table.use,
        items=calls,
        item_holdings=calls,
        item_calls=calls,
        accounts=np.arange(50),
        account_calls=np.full(50, calls // 50),
        topics=TopicSpread(1.0, 0.02),
        hours=np.arange(24),
        hour_calls=np.full(24, calls // 24),
        hour_accounts=np.full(24, 50),
    )
    return replace(made, **others)


def group(
    *, bits: dict[Family, float] | None = None, words: int = 24, kind: int = TEMPLATE, holders: int = 50
) -> Group:
    every = np.tile([(bits or {}).get(family, 0.0) for family in FAMILIES], (50, 1))
    ones = np.ones(50)
    cell = Cell(kind, 1, words, np.arange(50), ones, every, every, ones, holders)
    return Group(np.arange(50), ones, [cell])


def operator(
    made: Group, about: Summary | None = None, entities: int = 50, everybody: TopicSpread | None = None
) -> Answer:
    return one_operator(
        made, about or summary(), NO_LOAD, entities=entities, accounts=10_000, everybody=everybody or PEOPLE
    )


def finding(family: Family, bits: float) -> Finding:
    return Finding("one", family, bits, "because")


def test_an_answer_is_its_prior_and_its_families() -> None:
    answer = Answer(-8.0, (finding(Family.CONTENT, 3.0), finding(Family.CONTENT, 2.0), finding(Family.NETWORK, -1.0)))
    assert answer.bits == -8.0 + 5.0 - 1.0
    assert answer.families == [Family.CONTENT, Family.NETWORK]
    assert answer.supporting == [Family.CONTENT]


def test_no_family_decides_alone_whatever_its_bits() -> None:
    answer = Answer(-8.0, tuple(finding(Family.NETWORK, 9.0) for _ in range(5)))
    assert answer.family_bits(Family.NETWORK) == MAX_FAMILY_BITS
    assert strength(answer, Answer(20.0)) < 0
    assert strength(Answer(99.0, (finding(Family.NETWORK, 9.0), finding(Family.TIMING, 0.5))), Answer(20.0)) < 0


def test_strength_is_the_weaker_answer() -> None:
    both = Answer(0.0, (finding(Family.NETWORK, 9.0), finding(Family.CONTENT, 3.0)))
    assert strength(both, Answer(5.0)) == 5.0
    assert strength(both, Answer(50.0)) == 12.0
    assert strength(both, Answer(-5.0)) == -5.0


def test_a_shared_network_and_template_are_one_operator_s() -> None:
    answer = operator(group(bits={Family.NETWORK: 8.0, Family.IDENTITY: 6.0}))
    assert answer.bits > 3.0
    assert {Family.CONTENT, Family.NETWORK, Family.IDENTITY} <= set(answer.supporting)


def test_a_shared_template_alone_is_not() -> None:
    answer = operator(group())
    assert answer.supporting == [Family.CONTENT]
    assert strength(answer, Answer(20.0)) < 0


def test_a_template_that_others_use_says_less() -> None:
    assert operator(group(holders=5_050)).bits < operator(group()).bits


def test_a_few_words_in_common_say_less_than_many() -> None:
    few, many = (operator(group(words=words)).bits for words in (4, 24))
    assert few < many


def test_a_use_in_common_says_less_than_a_template() -> None:
    assert operator(group(kind=USE)).bits < operator(group()).bits


def test_agreement_of_more_bits_never_says_less() -> None:
    answers = [operator(group(bits={Family.NETWORK: float(b)})).bits for b in range(-3, 14)]
    assert answers == sorted(answers)


@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.6])
def test_items_that_everybody_has_speak_against_both(overlap: float) -> None:
    public = summary(item_holdings=5_000, items=round(5_000 * (1 - overlap)))
    made = group(bits={Family.NETWORK: 8.0})
    assert operator(made, public).bits < operator(made).bits - 1.0
    assert is_distillation(public, NOTHING).bits < is_distillation(summary(), NOTHING).bits - 1.0


def test_topics_of_their_own_speak_against_one_queue() -> None:
    own = summary(topics=TopicSpread(10.0, 0.5))
    assert operator(group(), own).bits < operator(group()).bits


@pytest.mark.parametrize(
    "topics", [TopicSpread(), TopicSpread(1.0, 0.5), TopicSpread(1.4, 0.01), TopicSpread(4.0, 2.0)]
)
def test_topics_that_are_unknown_or_unsure_say_nothing(topics: TopicSpread) -> None:
    answer = operator(group(bits={Family.NETWORK: 5.0}), summary(topics=topics))
    assert not {f.signal for f in answer.findings} & {"one_queue", "own_topics"}


def test_where_people_in_general_have_no_topics_one_queue_says_nothing() -> None:
    made, about = group(bits={Family.NETWORK: 5.0}), summary()
    signals = [
        {f.signal for f in operator(made, about, everybody=everybody).findings}
        for everybody in (PEOPLE, TopicSpread(1.1, 0.01), TopicSpread())
    ]
    assert [("one_queue" in s) for s in signals] == [True, False, False]


def test_a_harvest_is_distillation() -> None:
    assert is_distillation(summary(), NOTHING).bits > 3.0


@pytest.mark.parametrize("cues", [0, Cue.CLASSIFICATION, Cue.CONTEXT | Cue.OPTIONS, Cue.AGENT | Cue.CODE])
def test_ordinary_wording_is_not(cues: Cue) -> None:
    assert is_distillation(summary(cues=cues), NOTHING).bits < 3.0
    assert is_distillation(summary(cues=cues), NOTHING).bits < is_distillation(summary(), NOTHING).bits


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("follow_ups", [0, 300, 800, 2_000, 4_000]),
        ("cached_input_tokens", [0, 100_000, 450_000]),
        ("with_tools", [0, 1_000, 4_000]),
    ],
)
def test_what_ordinary_use_does_more_never_speaks_for_it(name: str, values: list[int]) -> None:
    bits = [is_distillation(summary(**{name: value}), NOTHING).bits for value in values]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] < bits[0]


def test_more_calls_never_speak_against_it() -> None:
    bits = [is_distillation(summary(calls), NOTHING).bits for calls in (30, 100, 1_000, 10_000, 1_000_000)]
    assert bits == sorted(bits)
    assert bits[0] < bits[-1]


def test_own_items_sent_again_are_a_regression_test() -> None:
    again = summary(items=500, item_holdings=500)
    assert "repeated_items" in {f.signal for f in is_distillation(again, NOTHING).findings}
    assert is_distillation(again, NOTHING).bits < is_distillation(summary(), NOTHING).bits - 3.0


def test_unknown_tokens_say_nothing() -> None:
    answer = is_distillation(summary(output_tokens=0, input_tokens=0), NOTHING)
    assert not {f.signal for f in answer.findings} & {"output_to_input", "caching"}


def test_hiding_better_never_speaks_against_it() -> None:
    hidden = [Answer(float(bits), (finding(Family.NETWORK, 5.0),)) for bits in range(-5, 30, 5)]
    bits = [is_distillation(summary(), answer).bits for answer in hidden]
    assert bits == sorted(bits)
    assert bits[-1] <= bits[0] + 3.0


def test_every_finding_has_a_reason() -> None:
    answers = [operator(group(bits=dict.fromkeys(Family, 3.0))), is_distillation(summary(), NOTHING)]
    assert all(f.says.endswith(".") for a in answers for f in a.findings)


def test_objectives_are_shares_of_calls() -> None:
    table = score_cues(np.array([0, int(Cue.GRADING | Cue.PAIRWISE)]))
    mixed = summary(100, cues=0, cue_calls=np.array([25, 75]), cue_use=table.use)
    names = ("none", "reasoning", "grading", "x", "y", "z", "u", "answers")
    assert objectives(mixed, names) == {"none": 0.25, "grading": 0.75}


def test_uses_of_one_name_are_one_objective() -> None:
    mixed = summary(100, cues=0, cue_calls=np.array([25, 35, 40]), cue_use=np.array([0, 1, 2]))
    assert objectives(mixed, ("answers", "grading", "answers")) == {"answers": 0.65, "grading": 0.35}


@pytest.mark.parametrize(("blobs", "calls", "speaks"), [(10, 1_000, True), (9, 5_000, False), (400, 999, False)])
def test_opaque_blobs_that_went_round_speak_for_distillation(blobs: int, calls: int, *, speaks: bool) -> None:
    answer = is_distillation(summary(carried=blobs, carried_calls=calls), NOTHING)
    assert ("carried_artefacts" in {f.signal for f in answer.findings}) is speaks


def test_questions_without_any_wording_share_no_content() -> None:
    made = group(bits={Family.IDENTITY: 5.0}, kind=USE)
    bare = replace(made.cells[0], value=int(Use.BARE))
    answer = operator(Group(made.accounts, made.match_weight, [bare]))
    assert "shared_content" in {f.signal for f in operator(made).findings}
    assert "shared_content" not in {f.signal for f in answer.findings}
