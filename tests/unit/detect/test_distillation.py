from dataclasses import replace

import numpy as np
import pytest
from harvest_summary import summary

from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.cells import Cell
from stillwatch.detect.distillation import BEYOND_DOUBT, MAX_APPLICATION_BITS, is_distillation, objectives
from stillwatch.detect.group import Group, Sent
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import TEMPLATE
from stillwatch.detect.summary import Summary
from stillwatch.detect.topics import TopicSpread
from stillwatch.detect.uses import PRIOR_CENTIBITS, score_cues
from stillwatch.records import Cue, Family

NOTHING = Answer(0.0)


ONE_OWNER = Answer(0.0, (Finding("one", Family.IDENTITY, 3.0, "because"),))
"""Papers hold the accounts together: no application explains that."""


def group(sent: Sent | None = None, **held: tuple[int, float]) -> Group:
    """Return fifty accounts; ``held`` names signals with the holders of their commonest value, inside and elsewhere."""
    bits, ones = np.zeros((50, len(FAMILIES))), np.ones(50)
    values = tuple((name, "any", 1, float(inside), elsewhere, 5.0) for name, (inside, elsewhere) in held.items())
    cell = Cell(TEMPLATE, 1, 24, np.arange(50), ones, bits, bits, ones, 50, observables=values)
    return Group(np.arange(50), ones, [cell], sent=sent or Sent())


def training(about: Summary, coordination: Answer = NOTHING, made: Group | None = None) -> Answer:
    return is_distillation(made or group(), about, coordination)


def finding(family: Family, bits: float) -> Finding:
    return Finding("one", family, bits, "because")


def signals(answer: Answer) -> set[str]:
    return {f.signal for f in answer.findings}


def test_a_harvest_is_distillation() -> None:
    assert training(summary()).bits > 3.0


@pytest.mark.parametrize("cues", [0, Cue.CLASSIFICATION, Cue.CONTEXT | Cue.OPTIONS, Cue.AGENT | Cue.CODE])
def test_ordinary_wording_is_not(cues: Cue) -> None:
    assert training(summary(cues=cues)).bits < 3.0
    assert training(summary(cues=cues)).bits < training(summary()).bits


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("follow_ups", [0, 300, 800, 2_000, 4_000]),
        ("cached_input_tokens", [0, 100_000, 450_000]),
        ("with_tools", [0, 1_000, 4_000]),
    ],
)
def test_what_ordinary_use_does_more_never_speaks_for_it(name: str, values: list[int]) -> None:
    bits = [training(summary(**{name: value})).bits for value in values]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] < bits[0]


def test_more_calls_never_speak_against_it() -> None:
    bits = [training(summary(calls)).bits for calls in (30, 100, 1_000, 10_000, 1_000_000)]
    assert bits == sorted(bits)
    assert bits[0] < bits[-1]


def test_own_items_sent_again_are_a_regression_test() -> None:
    again = summary(items=500, item_holdings=500)
    assert "repeated_items" in {f.signal for f in training(again).findings}
    assert training(again).bits < training(summary()).bits - 3.0


def test_unknown_tokens_say_nothing() -> None:
    answer = training(summary(output_tokens=0, input_tokens=0))
    assert not {f.signal for f in answer.findings} & {"output_to_input", "caching"}


def test_hiding_better_never_speaks_against_it() -> None:
    hidden = [Answer(float(bits), (finding(Family.NETWORK, 5.0),)) for bits in range(-5, 30, 5)]
    bits = [training(summary(), answer).bits for answer in hidden]
    assert bits == sorted(bits)
    assert bits[-1] <= bits[0] + 3.0


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
    answer = training(summary(carried=blobs, carried_calls=calls))
    assert ("carried_artefacts" in {f.signal for f in answer.findings}) is speaks


@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.6])
def test_items_that_everybody_has_speak_against_it(overlap: float) -> None:
    public = summary(item_holdings=5_000, items=round(5_000 * (1 - overlap)))
    assert training(public).bits < training(summary()).bits - 1.0


def test_samples_of_one_prompt_speak_for_it() -> None:
    dealt = summary(item_holdings=5_000, items=625, item_squares=40_000, holding_squares=500_000)
    assert "sampled_items" in signals(training(dealt))
    assert training(dealt, ONE_OWNER).bits == training(summary(), ONE_OWNER).bits


@pytest.mark.parametrize("payers", [50, 20])
def test_common_items_say_half_of_what_one_operator_sends(payers: int) -> None:
    """They may be samples of one prompt; or a class that shares a campus and a deadline looks like one operator."""
    public, made = summary(item_holdings=5_000, items=2_000), group(payment=(payers, 0.0))
    known = Answer(10.0, ONE_OWNER.findings)
    common = {f.signal: f.bits for f in training(public, known, made).findings}
    assert common["public_items"] == -3.0
    assert training(public).bits < training(public, known, made).bits


@pytest.mark.parametrize(
    ("tied", "family", "costs"),
    [(1.0, Family.IDENTITY, -3.0), (0.3, Family.IDENTITY, -6.0), (0.3, Family.TIMING, -3.0)],
)
def test_papers_that_tie_several_companies_apart_do_not_explain_common_items(
    tied: float, family: Family, costs: float
) -> None:
    public, made = summary(item_holdings=5_000, items=2_000), group()
    made.tied = tied
    common = {f.signal: f.bits for f in training(public, Answer(0.0, (finding(family, 9.0),)), made).findings}
    assert common.get("public_items", 0.0) == costs


def test_what_any_application_shows_is_capped_where_accounts_have_topics_of_their_own() -> None:
    plain = summary(cues=0)
    own = replace(plain, topics=TopicSpread(4.0, 0.1))
    assert training(own, ONE_OWNER).bits == pytest.approx(-4.0 + MAX_APPLICATION_BITS)
    assert training(plain, ONE_OWNER).bits > training(own, ONE_OWNER).bits


@pytest.mark.parametrize(
    ("servers", "owners", "explained"),
    [
        (50, {}, True),
        (50, {Family.TIMING: 3.0}, True),
        (50, {Family.TIMING: 3.0, Family.IDENTITY: 0.5}, False),
        (50, {Family.IDENTITY: 3.0}, False),
        (20, {}, False),
    ],
)
def test_one_back_end_for_strangers_explains_that_they_ask_for_one_thing(
    servers: int, owners: dict[Family, float], *, explained: bool
) -> None:
    coordination = Answer(-8.0, tuple(finding(f, b) for f, b in {Family.NETWORK: 12.0, **owners}.items()))
    answer = training(summary(cues=0), coordination, group(address=(servers, 0.0)))
    assert ("application" in signals(answer)) is explained


@pytest.mark.parametrize(("servers", "owner", "said"), [(50, 0.0, 3.0), (50, 3.0, 4.0), (20, 0.0, 4.0)])
def test_the_wording_of_one_vendor_is_one_choice(servers: int, owner: float, said: float) -> None:
    made = group(Sent(words=30.0, covered=1.0, wording=4.0 + PRIOR_CENTIBITS / 100), address=(servers, 0.0))
    coordination = Answer(-8.0, (finding(Family.NETWORK, 12.0), finding(Family.IDENTITY, owner)))
    (wording,) = [f for f in training(summary(cues=0), coordination, made).findings if f.signal == "wording"]
    assert wording.bits == pytest.approx(said)


@pytest.mark.parametrize(("bits", "explained"), [(0.0, True), (2.0, True), (3.0, False)])
def test_one_program_on_many_machines_explains_it_too(bits: float, *, explained: bool) -> None:
    coordination = Answer(-8.0, (finding(Family.NETWORK, bits), finding(Family.CONTENT, 9.0)))
    assert ("application" in signals(training(summary(cues=0), coordination))) is explained


@pytest.mark.parametrize(("holders", "calls", "explained"), [(50, 2_000, True), (49, 900, False), (9, 900, True)])
def test_a_program_does_not_take_turns_with_many_wordings(holders: int, calls: int, *, explained: bool) -> None:
    sent = Sent(words=30.0, covered=1.0, commonest=(holders, calls))
    answer = training(summary(cues=0), Answer(-8.0, (finding(Family.CONTENT, 9.0),)), group(sent))
    assert ("application" in signals(answer)) is explained


def test_one_payer_in_the_open_explains_it_too() -> None:
    coordination = Answer(-8.0, (finding(Family.IDENTITY, 12.0), finding(Family.CONTENT, 6.0)))
    assert "application" in signals(training(summary(cues=0), coordination, group(payment=(50, 0.0))))


def test_servers_and_clients_of_one_back_end_hide_nobody() -> None:
    coordination = Answer(-8.0, (finding(Family.NETWORK, 12.0), finding(Family.CONTENT, 6.0)))
    many, one = (training(summary(), coordination, group(prefix=(n, 0.0))) for n in (20, 50))
    assert "concealment" in signals(many)
    assert "concealment" not in signals(one)


def test_conversations_of_one_operator_beyond_doubt_count_half() -> None:
    talk = summary(follow_ups=5_000)
    assert training(talk, Answer(BEYOND_DOUBT)).bits >= training(talk).bits + 3.0


def test_a_template_is_read_without_what_is_put_into_it() -> None:
    documents = summary(cues=Cue.EXTERNALISED | Cue.CONTEXT | Cue.OPTIONS)
    asks = group(Sent(words=30.0, covered=1.0, wording=4.0))
    assert training(documents, made=asks).bits > training(documents).bits
    sliver = group(Sent(words=30.0, covered=0.1, wording=4.0))
    assert training(documents, made=sliver).bits == training(documents).bits


@pytest.mark.parametrize(("inside", "elsewhere", "hides"), [(50, 0.0, False), (20, 0.0, True), (50, 300.0, True)])
def test_who_shares_one_payer_hides_nothing(inside: int, elsewhere: float, *, hides: bool) -> None:
    answer = training(summary(), Answer(12.0), group(payment=(inside, elsewhere)))
    assert ("concealment" in signals(answer)) is hides


def test_every_finding_has_a_reason() -> None:
    assert all(f.says.endswith(".") for f in training(summary(), Answer(20.0)).findings)


@pytest.mark.parametrize(("wordings", "turns", "bits"), [(5, 3.0, 0.0), (10, 3.0, 0.5), (80, 3.0, 1.0), (80, 1.0, 0.0)])
def test_one_thing_asked_for_in_many_wordings_speaks_for_it(wordings: int, turns: float, bits: float) -> None:
    made = group()
    made.sent = replace(made.sent, wordings=wordings, turns=turns, commonest=(5, 20))
    found = {f.signal: f.bits for f in training(summary(5_000), ONE_OWNER, made).findings}
    assert found.get("paraphrases", 0.0) == bits
