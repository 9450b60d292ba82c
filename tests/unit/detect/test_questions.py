from dataclasses import replace

import numpy as np
import pytest
from harvest_summary import summary
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.answers import MAX_FAMILY_BITS, Answer, Finding, strength
from stillwatch.detect.cells import Cell
from stillwatch.detect.group import Group, Sent
from stillwatch.detect.load import Load
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.questions import MANY_WORDINGS, most_for_one_operator, one_operator
from stillwatch.detect.strands import TEMPLATE, USE
from stillwatch.detect.summary import PURE_SHARE, Summary
from stillwatch.detect.topics import TopicSpread
from stillwatch.detect.uses import Use
from stillwatch.records import Family

NO_LOAD = Load(0.0, 0.0, 1.0)
PEOPLE = TopicSpread(5.0, 0.2)
"""People in general keep to topics of their own."""


def group(
    *, bits: dict[Family, float] | None = None, words: int = 24, kind: int = TEMPLATE, holders: int = 50
) -> Group:
    every = np.tile([(bits or {}).get(family, 0.0) for family in FAMILIES], (50, 1))
    ones = np.ones(50)
    cell = Cell(kind, 1, words, np.arange(50), ones, every, every, ones, holders)
    sent = Sent() if kind == USE else Sent(words=words, covered=1.0, wording=0.0, wordings=1)
    return Group(np.arange(50), ones, [cell], sent=sent)


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


@pytest.mark.parametrize(("covered", "bits"), [(1.0, 8.0), (0.2, 4.0)])
def test_a_use_does_not_count_the_calls_of_a_template_once_more(covered: float, bits: float) -> None:
    made, again = group(bits={Family.NETWORK: 8.0}), group(kind=USE)
    both = replace(made, cells=made.cells + again.cells, sent=replace(made.sent, covered=covered))
    assert operator(both).family_bits(Family.NETWORK) == pytest.approx(bits)


def test_a_family_that_speaks_against_it_does_not_say_that_nobody_shares_a_value() -> None:
    (found,) = (f for f in operator(group(bits={Family.NETWORK: -1.8})).findings if f.family is Family.NETWORK)
    assert found.says == "Averaged over the accounts it speaks against one operator (-1.8 bits), whatever some share."


def test_agreement_of_more_bits_never_says_less() -> None:
    answers = [operator(group(bits={Family.NETWORK: float(b)})).bits for b in range(-3, 14)]
    assert answers == sorted(answers)


@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.6])
def test_items_that_everybody_has_speak_against_one_operator(overlap: float) -> None:
    public = summary(item_holdings=5_000, items=round(5_000 * (1 - overlap)))
    made = group(bits={Family.NETWORK: 8.0})
    assert operator(made, public).bits < operator(made).bits - 1.0


def test_samples_of_one_prompt_speak_for_one_operator() -> None:
    dealt = summary(item_holdings=5_000, items=625, item_squares=40_000, holding_squares=500_000)
    made = group()
    assert operator(made, dealt).bits == operator(made, summary(item_calls=0)).bits + 3.0


def test_topics_of_their_own_speak_against_one_queue() -> None:
    own = summary(topics=TopicSpread(10.0, 0.5))
    assert operator(group(), own).bits < operator(group()).bits


@pytest.mark.parametrize("topics", [TopicSpread(), TopicSpread(1.4, 0.01), TopicSpread(4.0, 2.0)])
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


def test_a_template_most_of_whose_senders_are_strangers_says_nothing() -> None:
    made = group(bits={Family.NETWORK: 5.0})
    public = replace(made, sent=replace(made.sent, own_share=0.3))
    assert operator(public).family_bits(Family.CONTENT) < operator(made).family_bits(Family.CONTENT) - 4.0


def test_the_more_strangers_send_a_template_the_less_it_says() -> None:
    """The users of one published judge who agree most are picked from all of its users: a quarter were not picked."""
    made = group(bits={Family.TIMING: 3.0})
    content = [
        operator(replace(made, sent=replace(made.sent, own_share=share))).family_bits(Family.CONTENT)
        for share in (1.0, 0.92, 0.75, 0.65)
    ]
    assert content[0] == content[1] > content[2] + 2.0 > content[3] + 4.0


def test_a_template_of_a_sliver_of_the_calls_says_nothing_of_the_group() -> None:
    made = group(words=64)
    sliver = replace(made, sent=replace(made.sent, covered=0.1))
    assert operator(sliver).bits < operator(made).bits


def queue_of(made: Group) -> float:
    return sum(f.bits for f in operator(made).findings if f.signal == "one_queue")


def test_uses_may_be_the_witness_of_a_queue_too() -> None:
    """Calls that two templates divide stand together in a use, and show there that days agree."""
    wording, use = group(bits={Family.TIMING: 0.5}), group(bits={Family.TIMING: 2.0}, kind=USE)
    made = replace(wording, cells=wording.cells + use.cells)
    assert queue_of(wording) == pytest.approx(queue_of(made) / 2.0)


def test_a_queue_needs_a_second_witness() -> None:
    alone = group()
    many = replace(alone, sent=replace(alone.sent, wordings=MANY_WORDINGS))
    bits = [queue_of(group(bits={Family.TIMING: b})) for b in (-1.0, 0.0, 0.5, 1.0, 2.0)]
    assert queue_of(alone) == bits[0] == bits[1] == 0.0
    assert bits == sorted(bits)
    assert bits[2] > 0.0
    assert queue_of(many) == bits[3] == bits[4]


def test_turns_with_many_templates_say_more_than_one_template() -> None:
    made = group()
    bits = [operator(replace(made, sent=replace(made.sent, wordings=n))).bits for n in (1, 5, 10, 40)]
    assert bits == sorted(bits)
    assert bits[-1] > bits[0] + 3.0


def test_a_common_day_alone_does_not_decide() -> None:
    assert operator(group(bits={Family.TIMING: 9.0})).bits == operator(group(bits={Family.TIMING: 4.0})).bits


def test_accounts_that_take_turns_speak_for_one_operator() -> None:
    made, about = group(), summary()
    with_turns = one_operator(made, about, Load(10.0, 100.0, 0.005), entities=50, accounts=10_000, everybody=PEOPLE)
    assert with_turns.bits == operator(made, about).bits + 2.0


def test_every_finding_has_a_reason() -> None:
    answer = operator(group(bits=dict.fromkeys(Family, 3.0)))
    assert all(f.says.endswith(".") for f in answer.findings)


def test_questions_without_any_wording_share_no_content() -> None:
    made = group(bits={Family.IDENTITY: 5.0}, kind=USE)
    bare = replace(made.cells[0], value=int(Use.BARE))
    answer = operator(Group(made.accounts, made.match_weight, [bare]))
    assert "shared_content" in {f.signal for f in operator(made).findings}
    assert "shared_content" not in {f.signal for f in answer.findings}


def test_several_short_wordings_are_as_specific_as_a_long_one() -> None:
    made = group(words=8)
    bits = [operator(replace(made, sent=replace(made.sent, turns=turns))).bits for turns in (0.0, 1.0, 2.0, 8.0)]
    assert bits[0] == bits[1]
    assert bits[1:] == sorted(bits[1:])
    assert bits[-1] == operator(group(words=64)).bits


@given(
    bits=st.dictionaries(st.sampled_from(FAMILIES), st.floats(-4.0, 15.0)),
    kind=st.sampled_from([TEMPLATE, USE]),
    wordings=st.integers(0, 60),
    calls=st.integers(1, 4_000),
    shared=st.floats(0.0, 1.0),
    load=st.builds(Load, st.floats(0.0, 50.0), st.floats(0.0, 100.0), st.sampled_from([0.005, 1.0])),
)
def test_no_calls_lift_a_group_above_the_most_that_it_can_come_to(
    *, bits: dict[Family, float], kind: int, wordings: int, calls: int, shared: float, load: Load
) -> None:
    made = group(bits=bits, kind=kind)
    # Only accounts that send little else have calls outside the group's contents, a quarter more at most.
    made.sent = replace(made.sent, wordings=wordings, calls=calls * PURE_SHARE)
    pairs = calls * (calls - 1) / 2
    load = Load(min(load.together, pairs), min(load.expected, pairs), load.chance)
    items = max(1, int(calls * (1.0 - 0.5 * shared)))
    about = summary(calls=calls, items=items, item_holdings=calls, item_squares=calls * 2, holding_squares=calls)
    answer = one_operator(made, about, load, entities=50, accounts=10_000, everybody=PEOPLE)
    assert answer.bits <= most_for_one_operator(made, entities=50, accounts=10_000) + 1e-9


def test_a_queue_is_reckoned_with_only_where_there_are_calls_enough_to_show_one() -> None:
    few, many = (group(bits={Family.NETWORK: 4.0}) for _ in range(2))
    few.sent, many.sent = replace(few.sent, calls=5.0), replace(many.sent, calls=500.0)
    most = [most_for_one_operator(made, entities=50, accounts=10_000) for made in (few, many)]
    assert most[1] - most[0] == 5.0  # MAX_QUEUE_BITS and load.MAX_BITS
