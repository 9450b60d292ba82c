from random import Random

import pytest

from stillwatch.errors import ScenarioError
from stillwatch.simulate.grammar import expand, expand_many
from stillwatch.simulate.templates import draw_paraphrases, draw_template, uses
from stillwatch.simulate.texts import SIZES, read_list, read_slots


def test_alternatives_nest_and_may_be_nothing() -> None:
    made = {expand("{a|b{c|}}", {}, Random(i)) for i in range(40)}
    assert made == {"a", "bc", "b"}


def test_slots_are_filled_from_lists_and_ranges() -> None:
    text = expand("$city $3-5", {"city": ["Graz"]}, Random(1))
    assert text in {"Graz 3", "Graz 4", "Graz 5"}


def test_a_slot_without_a_list_is_named() -> None:
    with pytest.raises(ScenarioError, match=r"no list for \$town"):
        expand("in $town", {}, Random(1))


def test_made_texts_are_different() -> None:
    made = expand_many(["{a|b|c}"], {}, count=10, random=Random(1))
    assert sorted(made) == ["a", "b", "c"]


@pytest.mark.parametrize("name", [*SIZES, "aside"])
def test_bundled_patterns_leave_no_mark_of_the_grammar(name: str) -> None:
    made = expand_many(read_list(name), read_slots(), count=300, random=Random(2))
    assert [t for t in made if "$" in t or "|" in t] == []


@pytest.mark.parametrize("use", uses())
def test_templates_leave_no_mark_of_the_grammar(use: str) -> None:
    for seed in range(30):
        drawn = draw_template(use, Random(seed))
        text = drawn.system + drawn.head + drawn.tail
        assert text.strip()
        assert not {"$", "{", "@o", "@c"} & {text[i : i + n] for n in (1, 2) for i in range(len(text))}


def test_paraphrases_share_few_words_in_a_row() -> None:
    drawn = [t.trigrams() for t in draw_paraphrases("reasoning", Random(3), language="en", count=12)]
    likeness = [len(a & b) / len(a | b) for i, a in enumerate(drawn) for b in drawn[:i]]
    assert sum(likeness) / len(likeness) < 0.2


def test_a_use_without_clauses_in_a_language_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"'benchmark' has no clauses in 'zh'; there are en"):
        draw_template("benchmark", Random(1), language="zh")
