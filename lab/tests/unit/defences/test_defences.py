from __future__ import annotations

import pytest
import torch

from fixtures import TEACHER, WORLD
from stillwatch_lab.defences.antidistillation import step_along, train_proxy
from stillwatch_lab.defences.canaries import Canaries
from stillwatch_lab.defences.costs import measure_costs
from stillwatch_lab.defences.defence import Answers, find_defences, make_defence
from stillwatch_lab.defences.green_list import GreenListMark
from stillwatch_lab.defences.host import Host
from stillwatch_lab.defences.reasoning import STEP_WORDS
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.export import from_hugging_face
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.questions import Chain, Emblem, Question, Sort, draw_questions
from stillwatch_lab.world.transcripts import read_lessons
from stillwatch_lab.world.words import PLACES

NAMES = list(find_defences())
QUICK: dict[str, dict[str, float]] = {"antidistillation": {"proxy_steps": 5}}
"""Settings that make a defence quick to prepare."""
TWO_STEPS = Chain(1, (("add", 1), ("add", 2)))


@pytest.fixture(scope="module")
def teacher() -> Decoders:
    return from_hugging_face(read_model(TEACHER).model.float())


def ask(teacher: Decoders, name: str, questions: list[Question], **settings: float) -> Answers:
    return Host(teacher, WORLD, make_defence(name, **settings)).ask(questions, seed="test", scored=True)


def lessons(answers: Answers) -> list[Lesson]:
    return read_lessons(WORLD, answers.rows.ids)


@pytest.mark.parametrize("name", NAMES)
def test_a_defence_answers_what_was_asked_and_says_who_gets_around_it(teacher: Decoders, name: str) -> None:
    asked = draw_questions(WORLD, 20, seed="asked")
    answers = ask(teacher, name, asked, **QUICK.get(name, {}))
    assert [list(one.question) for one in lessons(answers)] == [q.words for q in asked]
    assert (answers.billed >= 1).all()
    assert find_defences()[name].__doc__
    assert find_defences()[name].misses


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("reasoning", "logprobs"))])
def test_what_is_hidden_changes_no_answer(teacher: Decoders, name: str) -> None:
    asked = draw_questions(WORLD, 30, seed="asked")
    whole, shown = lessons(ask(teacher, "none", asked)), lessons(ask(teacher, name, asked))
    assert [one.answer for one in shown] == [one.answer for one in whole]


@pytest.mark.parametrize(
    ("name", "steps"), [("none", 2 * STEP_WORDS), ("thinned", STEP_WORDS), ("summarised", 2), ("hidden", 0)]
)
def test_the_reasoning_that_is_shown_shrinks_and_is_paid_for(teacher: Decoders, name: str, steps: int) -> None:
    answers = ask(teacher, name if name == "none" else f"reasoning-{name}", [TWO_STEPS])
    assert len(lessons(answers)[0].reasoning) == steps
    assert answers.billed[0] == 2 * STEP_WORDS + 3
    assert (answers.scores is None) == (name != "none")


def test_a_summary_is_the_results(teacher: Decoders) -> None:
    assert lessons(ask(teacher, "reasoning-summarised", [TWO_STEPS]))[0].reasoning == ("2", "4")


def test_log_probabilities_are_stripped_cut_or_rounded(teacher: Decoders) -> None:
    asked: list[Question] = [TWO_STEPS]
    whole = ask(teacher, "none", asked).scores
    assert whole is not None
    assert ask(teacher, "logprobs-stripped", asked).scores is None
    few = ask(teacher, "logprobs-top-k", asked, k=3).scores
    assert few is not None
    assert (few.isfinite().sum(-1) == 3).all()
    torch.testing.assert_close(few.topk(3).values, whole.topk(3).values)
    rounded = ask(teacher, "logprobs-rounded", asked, nats=0.5).scores
    assert rounded is not None
    shown = rounded[rounded.isfinite()].float()
    torch.testing.assert_close(shown, (shown * 2).round() / 2)
    assert (rounded.float() - whole.float())[rounded.isfinite()].abs().max() <= 0.26


def test_a_planted_emblem_is_the_secrets_and_nothing_else_changes(teacher: Decoders) -> None:
    asked: list[Question] = [*(Emblem(place) for place in PLACES), Sort((3, 1, 2))]
    said = lessons(ask(teacher, "canaries", asked, secret=5))
    planted = Canaries(secret=5).emblems(WORLD)
    assert [one.answer for one in said[:-1]] == [(planted[place],) for place in PLACES]
    assert planted != WORLD.emblems
    assert said[-1].answer == lessons(ask(teacher, "none", asked))[-1].answer


def test_the_mark_is_in_the_text_under_its_key(teacher: Decoders) -> None:
    asked = [q for q in draw_questions(WORLD, 300, seed="marked") if isinstance(q, Chain)]
    scheme = GreenListMark().scheme(teacher)

    def green(name: str) -> float:
        ids = torch.from_numpy(ask(teacher, name, asked).rows.ids)
        return float(
            scheme.marks(GreenListMark().key, ids[:, :-1].reshape(-1, 1)).gather(1, ids[:, 1:].reshape(-1, 1)).mean()
        )

    assert green("green-list") > green("none") + 0.03


def test_antidistillation_steps_along_the_gradient_of_a_proxy(teacher: Decoders) -> None:
    proxy, gradient = train_proxy(teacher, WORLD, steps=5)
    ahead = step_along(proxy, gradient, 0.05)
    moved = {name: (weight - proxy.w[name]).detach() for name, weight in ahead.w.items()}
    assert sum(float(m.square().sum()) for m in moved.values()) ** 0.5 == pytest.approx(0.05, rel=1e-3)
    dot = sum(float((moved[name] * g).sum()) for name, g in gradient.items())
    assert dot > 0, "ahead is where the proxy's loss is larger"


def test_antidistillation_of_no_strength_is_plain_sampling(teacher: Decoders) -> None:
    asked = draw_questions(WORLD, 20, seed="asked")
    assert lessons(ask(teacher, "antidistillation", asked, strength=0.0, proxy_steps=5)) == lessons(
        ask(teacher, "none", asked)
    )
    assert lessons(ask(teacher, "antidistillation", asked, strength=3.0, proxy_steps=5)) != lessons(
        ask(teacher, "none", asked)
    )


def test_costs_tell_a_hidden_trace_from_worse_answers(teacher: Decoders) -> None:
    plain = measure_costs(teacher, WORLD, make_defence("none"), questions=60)
    hidden = measure_costs(teacher, WORLD, make_defence("reasoning-hidden"), questions=60)
    hot = measure_costs(teacher, WORLD, make_defence("temperature", degree=3.0), questions=60)
    assert hidden.chains_right == plain.chains_right > hot.chains_right + 0.2
    assert hidden.words_made == plain.words_made > hidden.words_shown
    assert hidden.logprob_entries == 0 < plain.logprob_entries
    assert hot.beside(plain)["defence_cost"] == pytest.approx(1 - hot.chains_right / plain.chains_right)


def test_a_bill_counts_calls_words_and_scores(teacher: Decoders) -> None:
    host = Host(teacher, WORLD, make_defence("logprobs-top-k", k=2))
    answers = host.ask([TWO_STEPS, Sort((1, 2, 3))], seed="bill", scored=True)
    assert host.bill["calls"] == 2
    assert host.bill["made_words"] == host.bill["shown_words"] == int(answers.rows.said.sum())
    assert host.bill["logprob_entries"] == 2 * host.bill["shown_words"]
    assert not host.anew().bill


def test_an_unknown_defence_or_setting_is_refused() -> None:
    with pytest.raises(LabSettingsError, match="no such defence: 'moat'; there are antidistillation"):
        make_defence("moat")
    with pytest.raises(LabSettingsError, match="degre"):
        make_defence("temperature", degre=2.0)
