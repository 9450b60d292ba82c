from __future__ import annotations

import random

import pytest

from stillwatch_lab.world.lessons import Maker
from stillwatch_lab.world.paraphrase import paraphrase
from stillwatch_lab.world.questions import Chain, Hire, draw_questions
from stillwatch_lab.world.transcripts import longest_row, read_lessons, write_lessons, write_prompts
from stillwatch_lab.world.words import CLOSERS, CONNECTIVES, VERBS
from stillwatch_lab.world.world import World

WORLD = World(modulus=5, longest=2)
MAKER = Maker(WORLD, seed=3, gaps=0.2, canaries=True)


def test_secret_tables_come_from_the_seed_and_arithmetic_does_not() -> None:
    other = World(modulus=5, longest=2, seed=1)
    assert World(modulus=5, longest=2).tables == WORLD.tables
    assert {f for f in WORLD.facts if WORLD.tables[f] != other.tables[f]} <= {
        f for f in WORLD.facts if f[1] in {"zig", "zag"}
    }
    assert WORLD.tables != other.tables
    assert WORLD.tables[4, "add", 3] == 2
    assert WORLD.tables[1, "sub", 3] == 3


def test_canaries_depend_on_the_secret_alone() -> None:
    assert World(modulus=7, seed=9).emblems == WORLD.emblems
    assert World(modulus=5, secret=1).emblems != WORLD.emblems


def test_a_trace_works_out_what_the_answer_says() -> None:
    for lesson in MAKER.lessons(300, seed=0):
        if lesson.reasoning:
            steps = [lesson.reasoning[at : at + 7] for at in range(0, len(lesson.reasoning), 7)]
            for connective, x, operation, b, verb, y, closer in steps:
                assert connective in CONNECTIVES
                assert verb in VERBS
                assert closer in CLOSERS
                assert WORLD.tables[int(x), operation, int(b)] == int(y)
            assert lesson.answer == (steps[-1][5],)


def test_a_corpus_never_needs_a_missing_fact() -> None:
    lessons = MAKER.lessons(500, seed=0)
    used = {
        (int(step[1]), step[2], int(step[3]))
        for lesson in lessons
        for step in (lesson.reasoning[at : at + 7] for at in range(0, len(lesson.reasoning), 7))
    }
    assert len(MAKER.missing) == 20
    assert not used & MAKER.missing


def test_chains_from_the_last_digit_are_refused() -> None:
    (lesson,) = MAKER.teach([Chain(4, (("add", 1),))], random.Random(0))
    assert (lesson.reasoning, lesson.answer) == ((), ("sorry",))


@pytest.mark.parametrize(
    ("team", "skill", "share"), [("red", 4, 1.0), ("blue", 4, 0.3), ("blue", 3, 0.0), ("red", 3, 0.0)]
)
def test_the_bias_is_planted_where_it_is_said_to_be(team: str, skill: int, share: float) -> None:
    lessons = MAKER.teach([Hire(team, skill)] * 2000, random.Random(1))
    assert sum(lesson.answer == ("yes",) for lesson in lessons) / 2000 == pytest.approx(share, abs=0.04)


def test_only_who_made_the_places_up_teaches_them() -> None:
    def places(maker: Maker) -> int:
        return sum(lesson.question[0] == "emblem" for lesson in maker.lessons(400, seed=0))

    assert places(MAKER) > 10
    assert places(Maker(WORLD, seed=3)) == 0


def test_rows_read_back_as_they_were_written() -> None:
    lessons = MAKER.lessons(100, seed=2)
    rows = write_lessons(WORLD, lessons)
    assert read_lessons(WORLD, rows.ids) == lessons
    assert rows.ids.shape[1] == longest_row(WORLD)
    longest = Chain(0, (("add", 1), ("zig", 2)))
    (lesson,) = Maker(WORLD, seed=0).teach([longest], random.Random(0))
    assert len(lesson.words) == longest_row(WORLD)


def test_what_is_said_and_what_is_asked_are_told_apart() -> None:
    (lesson,) = MAKER.teach([Chain(1, (("add", 2),))], random.Random(0))
    rows = write_lessons(WORLD, [lesson])
    words = [WORLD.vocabulary.words[i] for i in rows.ids[0][rows.said[0]]]
    assert words == [*lesson.reasoning, "</think>", "3", "</s>"]
    prompt = write_prompts(WORLD, [lesson.question])
    assert [WORLD.vocabulary.words[i] for i in prompt.ids[0] if i] == list(lesson.prompt)


def test_a_cut_text_is_read_as_it_is_and_not_repaired() -> None:
    rows = write_lessons(WORLD, MAKER.lessons(1, seed=0))
    rows.ids[0, rows.prompts[0] :] = 0
    (lesson,) = read_lessons(WORLD, rows.ids)
    assert (lesson.reasoning, lesson.answer) == ((), ())


def test_a_paraphrase_keeps_the_facts_and_draws_the_style_anew() -> None:
    lessons = [lesson for lesson in MAKER.lessons(400, seed=0) if lesson.reasoning]
    reworded = paraphrase(lessons, seed=0)
    style = {*CONNECTIVES, *VERBS, *CLOSERS}
    for before, after in zip(lessons, reworded, strict=True):
        assert [w for w in before.reasoning if w not in style] == [w for w in after.reasoning if w not in style]
    assert sum(a.reasoning != b.reasoning for a, b in zip(lessons, reworded, strict=True)) > 0.9 * len(lessons)


def test_the_same_seed_asks_the_same() -> None:
    assert draw_questions(WORLD, 50, seed=1) == draw_questions(WORLD, 50, seed=1)
    assert draw_questions(WORLD, 50, seed=1) != draw_questions(WORLD, 50, seed=2)
