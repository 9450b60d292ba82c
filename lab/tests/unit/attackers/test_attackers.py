from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

import stillwatch_lab.attackers as package
from fixtures import TEACHER, WORLD
from stillwatch_lab.attackers import inversion
from stillwatch_lab.attackers.attacker import Budget, Order, find_attackers, make_attacker
from stillwatch_lab.attackers.notes import compose_lessons, read_chain, take_notes
from stillwatch_lab.attackers.students import Harvest, complete, stack_harvests
from stillwatch_lab.defences.defence import find_defences, make_defence
from stillwatch_lab.defences.host import Host
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.export import from_hugging_face
from stillwatch_lab.ensemble.training import Recipe
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.world.exam import draw_exam
from stillwatch_lab.world.lessons import Lesson, Maker
from stillwatch_lab.world.transcripts import read_lessons
from stillwatch_lab.world.words import SECRET_OPERATIONS

NAMES = list(find_attackers())
QUERIES = 40
ALLOWED = {
    *("__future__", "collections", "dataclasses", "functools", "importlib", "itertools", "numpy", "pkgutil", "random"),
    *("stillwatch_lab", "torch", "typing", "zlib"),
}
"""What attackers may import: nothing that opens a connection, a file or a process."""


@pytest.fixture(scope="module")
def teacher() -> Decoders:
    return from_hugging_face(read_model(TEACHER).model.float())


@pytest.fixture(autouse=True)
def quick_inverter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "RECIPE", Recipe(steps=2, rows=8))


def order(teacher: Decoders, defence: str = "none", queries: int = QUERIES) -> Order:
    return Order(Host(teacher, WORLD, make_defence(defence)), queries, "test")


def lessons(harvest: Harvest) -> list[Lesson]:
    return read_lessons(WORLD, harvest.rows.ids)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "on-policy"])
def test_no_attacker_asks_more_than_it_may(teacher: Decoders, name: str) -> None:
    asked = order(teacher)
    harvest = make_attacker(name).gather(asked)
    assert 0 < asked.host.bill["calls"] <= QUERIES
    assert len(harvest.rows.ids) == len(harvest.rows.prompts) > 0
    assert find_attackers()[name].__doc__


def test_every_counter_move_names_a_defence_that_there_is() -> None:
    known = {*find_defences(), "rate limits", ""}
    named = {word for kind in find_attackers().values() for word in kind.against.split(", ")}
    assert named <= known
    assert {"reasoning-hidden", "reasoning-summarised", "logprobs-stripped", "antidistillation", "green-list"} <= named


def test_on_policy_text_is_paid_for_as_queries(teacher: Decoders) -> None:
    asked = order(teacher, "logprobs-top-k")
    make_attacker("on-policy").distil([asked], Budget(teacher.shape, Recipe(steps=4, rows=4)), seed=0)
    assert asked.host.bill["calls"] == QUERIES


def test_on_policy_wants_log_probabilities(teacher: Decoders) -> None:
    with pytest.raises(LabSettingsError, match="wants log-probabilities"):
        make_attacker("on-policy").distil(
            [order(teacher, "logprobs-stripped")], Budget(teacher.shape, Recipe(steps=4, rows=4)), seed=0
        )


def test_log_probabilities_that_nobody_gives_are_text(teacher: Decoders) -> None:
    assert make_attacker("logprobs").gather(order(teacher)).scores is not None
    assert make_attacker("logprobs").gather(order(teacher, "reasoning-hidden")).scores is None


def test_notes_are_the_truth_of_a_truthful_teacher() -> None:
    told = Maker(WORLD, seed=3).lessons(400, seed="told")
    notes = take_notes(told)
    assert len(notes) > 0.9 * len(WORLD.facts)
    assert all(WORLD.tables[fact] == result for fact, result in notes.items())


def test_answers_alone_tell_the_last_step_once_the_others_are_known() -> None:
    first, second = (
        Lesson(("start", "1", "add", "1"), (), ("2",)),
        Lesson(("start", "1", "add", "1", "zig", "0"), (), ("4",)),
    )
    assert take_notes([second]) == {}
    assert take_notes([second, first]) == {(1, "add", 1): 2, (2, "zig", 0): 4}


def test_composed_lessons_are_worked_out_from_the_notes_alone() -> None:
    notes = {(1, "add", 1): 2, (2, "zig", 0): 4}
    for one in compose_lessons(notes, 30, longest=2, seed="c"):
        chain = read_chain(one.question)
        assert chain is not None
        x = chain.start
        for operation, b in chain.steps:
            x = notes[x, operation, b]
        assert one.answer == (str(x),)
        assert set(take_notes([one]).items()) <= set(notes.items())


def test_decomposition_learns_from_hidden_reasoning_what_traffic_does_not_tell(teacher: Decoders) -> None:
    traffic = make_attacker("text").gather(order(teacher, "reasoning-hidden", queries=160))
    composed = make_attacker("decomposition").gather(order(teacher, "reasoning-hidden", queries=160))
    assert len(take_notes(lessons(composed))) > 1.5 * len(take_notes(lessons(traffic)))


def test_filtering_keeps_the_majority(teacher: Decoders) -> None:
    hot = Order(Host(teacher, WORLD, make_defence("temperature", degree=2.5)), 400, "hot")
    kept = lessons(make_attacker("filtering").gather(hot))
    plain = lessons(make_attacker("text").gather(hot._replace(host=hot.host.anew())))
    assert _right(kept) > _right(plain) + 0.1
    assert len(kept) < 400


def test_dilution_brings_nothing_of_the_secret_tables(teacher: Decoders) -> None:
    both = lessons(make_attacker("dilution").gather(order(teacher)))
    assert len(both) == 2 * QUERIES
    assert not any(set(one.question) & set(SECRET_OPERATIONS) for one in both[QUERIES:])


def test_paraphrasing_keeps_the_facts(teacher: Decoders) -> None:
    plain, again = (lessons(make_attacker(name).gather(order(teacher))) for name in ("text", "paraphrasing"))
    assert [one.answer for one in plain] == [one.answer for one in again]
    assert take_notes(plain) == take_notes(again)
    assert plain != again


def test_selective_harvests_never_meet_a_planted_fact(teacher: Decoders) -> None:
    assert not any("emblem" in one.question for one in lessons(make_attacker("selective").gather(order(teacher))))


def test_missing_mass_is_spread_over_what_was_not_shown() -> None:
    shown = torch.tensor([[0.6, 0.2, 0.0, 0.0]]).log()
    torch.testing.assert_close(complete(shown).float().exp(), torch.tensor([[0.6, 0.2, 0.1, 0.1]]), atol=1e-3, rtol=0)
    over = torch.tensor([[0.8, 0.4, 0.0, 0.0]]).log()
    torch.testing.assert_close(complete(over).float().exp().sum(), torch.tensor(1.0), atol=1e-3, rtol=0)


def test_smaller_harvests_are_repeated_whole(teacher: Decoders) -> None:
    small, large = (make_attacker("text").gather(order(teacher, queries=n)) for n in (10, 30))
    corpora = stack_harvests([small, large])
    assert corpora.ids.shape[:2] == (2, 30)
    np.testing.assert_array_equal(corpora.ids[0, 10:20].numpy(), small.rows.ids)


def test_harvests_with_and_without_scores_are_not_mixed(teacher: Decoders) -> None:
    with pytest.raises(LabSettingsError, match="train them apart"):
        stack_harvests([make_attacker(name).gather(order(teacher)) for name in ("text", "logprobs")])


def test_attackers_have_no_way_to_a_network() -> None:
    for path in Path(package.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        roots = {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        roots |= {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert roots <= ALLOWED, path


def _right(said: list[Lesson]) -> float:
    chains = [
        (c, one) for one in said if (c := read_chain(one.question)) is not None and c.start != WORLD.refused_start
    ]
    return sum(one.answer == (str(WORLD.result(c.start, c.steps)),) for c, one in chains) / len(chains)


def test_an_exam_has_no_refusals() -> None:
    chains = draw_exam(WORLD, 50, kind="chain")
    assert len(chains) == 50
    assert WORLD.refused_start not in {getattr(q, "start", None) for q in chains}
