from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from planted import ACCOUNT_STEP, HARVEST, table_of
from stillwatch.detect.strands import (
    FIRM_WORDS,
    MIN_ENTITIES,
    MIN_SYSTEM_WORDS,
    SYSTEM,
    TEMPLATE,
    USE,
    Population,
    Strands,
    entity_weights,
    find_strands,
    mark_calls,
)
from stillwatch.detect.uses import Use, score_cues
from stillwatch.store.engine import Engine

Row = dict[str, Any]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path) as made:
        yield made


def population(accounts: list[int], owners: dict[int, int] | None = None) -> Population:
    """Return accounts with one call each; ``owners`` names declared ones."""
    keys = np.array(sorted(accounts))
    zeros = np.zeros(len(keys), np.int64)
    entity = np.array([(owners or {}).get(int(a), int(a)) for a in keys])
    return Population(keys, zeros + 1, zeros, zeros, zeros, zeros, zeros, entity)


def strands_of(engine: Engine, rows: list[Row], owners: dict[int, int] | None = None) -> Strands:
    table = table_of(rows)
    cues = score_cues(np.unique(table["cues"].to_numpy())).to_arrow()
    people = population(list({row["account"] for row in rows}), owners)
    return find_strands(engine, mark_calls(engine, engine.lazy(table), cues), people)


def senders(count: int, **values: Any) -> list[Row]:
    return [{"account": (n + 1) * ACCOUNT_STEP, **values} for n in range(count)]


def cells(strands: Strands) -> set[tuple[int, int]]:
    return set(zip(strands.cell_kind.tolist(), strands.cell_value.tolist(), strict=True))


def test_a_template_of_five_strangers_is_a_cell_and_of_four_is_none(engine: Engine) -> None:
    rows = senders(MIN_ENTITIES, skeleton=1, skeleton_words=FIRM_WORDS) + senders(
        MIN_ENTITIES - 1, skeleton=2, skeleton_words=FIRM_WORDS
    )
    strands = strands_of(engine, rows)
    assert cells(strands) == {(TEMPLATE, 1)}
    assert strands.cell_words.tolist() == [FIRM_WORDS]


@pytest.mark.parametrize("most", [1, 3, 6, 100])
def test_the_most_shared_templates_are_found_however_few_are_looked_at_first(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Templates of 5 to 15 accounts; those of fewer accounts have more calls, so the most called are the wrong ones."""
    counts = {n: MIN_ENTITIES + n for n in range(11)}
    rows = [row for n, count in counts.items() for row in senders(count, skeleton=n, skeleton_words=FIRM_WORDS)]
    rows += [row for n in range(5) for row in senders(1, skeleton=n, skeleton_words=FIRM_WORDS) * (20 - 2 * n)]
    monkeypatch.setattr("stillwatch.detect.strands.MAX_TEMPLATES", most)
    monkeypatch.setattr("stillwatch.detect.strands.FIRST_LOOK", 1)
    expected = sorted(counts, key=lambda n: -counts[n])[:most]
    assert cells(strands_of(engine, rows)) == {(TEMPLATE, n) for n in expected}


def test_accounts_of_one_owner_are_one_stranger(engine: Engine) -> None:
    rows = senders(MIN_ENTITIES + 2, skeleton=1, skeleton_words=FIRM_WORDS)
    declared = {row["account"]: 42 for row in rows[:4]}
    assert len(strands_of(engine, rows, declared)) == 0
    assert len(strands_of(engine, rows, dict(list(declared.items())[:2]))) == len(rows)


def test_a_short_system_text_is_a_habit_and_a_long_one_a_cell(engine: Engine) -> None:
    short = senders(6, system=1, system_words=MIN_SYSTEM_WORDS - 1)
    assert cells(strands_of(engine, short + senders(6, system=2, system_words=MIN_SYSTEM_WORDS))) == {(SYSTEM, 2)}


def test_calls_of_one_use_are_a_cell_without_common_wording(engine: Engine) -> None:
    strands = strands_of(engine, senders(3, cues=HARVEST) + senders(3))
    assert cells(strands) == {(USE, int(Use.REASONING))}
    assert len(strands) == 3


def test_a_strand_adds_up_an_account_s_calls_in_a_cell(engine: Engine) -> None:
    rows = senders(6, skeleton=1, output_tokens=10)
    rows += [{"account": ACCOUNT_STEP, "skeleton": 1, "turns": 2, "cues": HARVEST, "output_tokens": 5}]
    rows += [{"account": ACCOUNT_STEP, "turns": 2}]
    strands = strands_of(engine, rows)
    at = int(np.flatnonzero((strands.account == ACCOUNT_STEP) & (strands.cell_kind[strands.cell] == TEMPLATE))[0])
    scores = score_cues(np.array([0, HARVEST])).score
    assert strands.calls[at] == 2
    assert strands.follow_ups[at] == 1
    assert strands.output_tokens[at] == 15
    assert strands.score[at] == scores.sum()


def test_the_order_of_rows_changes_nothing(engine: Engine) -> None:
    rows = [row for value in range(3) for row in senders(7, skeleton=value, cues=HARVEST, system=9, system_words=20)]
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    for one, other in zip(astuple(strands_of(engine, rows)), astuple(strands_of(engine, shuffled)), strict=True):
        assert np.array_equal(one, other)


def test_no_calls_give_no_strands(engine: Engine) -> None:
    empty = table_of(senders(1)).slice(0, 0)
    cues = pa.table({n: pa.array([], pa.int64()) for n in ("cues", "score", "use")})
    assert len(find_strands(engine, mark_calls(engine, engine.lazy(empty), cues), population([]))) == 0


def test_an_entity_weighs_one_in_a_cell_however_many_accounts_it_has() -> None:
    account = np.array([1, 2, 3, 4, 1, 2])
    cell = np.array([0, 0, 0, 0, 1, 1])
    people = population([1, 2, 3, 4], {1: 9, 2: 9, 3: 9})
    weights = entity_weights(people.owner[people.index(account)], cell)
    assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0, 1 / 2, 1 / 2])


def test_entities_that_stand_alone_weigh_one_and_none_weigh_nothing() -> None:
    assert entity_weights(np.array([2, 0, 2]), np.array([0, 0, 1])).tolist() == [1.0, 1.0, 1.0]
    assert entity_weights(np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


def test_a_short_head_is_a_turn_of_phrase_unless_it_asks_for_something_or_is_come_back_to(engine: Engine) -> None:
    short = {"skeleton_words": FIRM_WORDS - 1}
    once = senders(6, skeleton=1, **short)
    asking = senders(6, skeleton=2, cues=HARVEST, **short)
    returning = senders(6, skeleton=3, **short) * 3
    assert {c for c in cells(strands_of(engine, once + asking + returning)) if c[0] == TEMPLATE} == {
        (TEMPLATE, 2),
        (TEMPLATE, 3),
    }


def test_strands_are_found_by_cell_and_by_account(engine: Engine) -> None:
    rows = [row for n in range(3) for row in senders(5 + n, skeleton=n + 1, skeleton_words=FIRM_WORDS)]
    strands = strands_of(engine, rows)
    assert len(strands.cell_kind) == 3
    for numbers in ([], [1], [0, 2], [0, 1, 2]):
        found = strands.of_cells(np.array(numbers, np.int64))
        assert found.tolist() == np.flatnonzero(np.isin(strands.cell, numbers)).tolist()
    accounts = np.append(np.unique(strands.account)[:2], 12_345)
    everything = np.arange(len(strands))
    assert (strands.are_of(accounts, everything) == np.isin(strands.account, accounts)).all()
    assert not strands.are_of(accounts[:0], everything).any()
