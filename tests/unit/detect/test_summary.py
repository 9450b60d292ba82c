from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planted import HARVEST, START_HOUR, table_of
from stillwatch.detect.cells import Cell
from stillwatch.detect.group import Group
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import TEMPLATE, USE, Population, mark_calls
from stillwatch.detect.summary import Summary, group_calls, summarise
from stillwatch.detect.uses import Use, score_cues
from stillwatch.store.engine import Engine

Row = dict[str, Any]
MICROSECONDS_PER_HOUR = 3_600_000_000


def group(accounts: list[int], contents: list[tuple[int, int]]) -> Group:
    none, ones = np.zeros(0, np.int64), np.ones(len(accounts))
    bits = np.zeros((0, len(FAMILIES)))
    cells = [Cell(kind, value, 9, none, ones, bits, bits, ones, 9) for kind, value in contents]
    return Group(np.array(accounts), ones, cells)


def everybody(rows: list[Row]) -> Population:
    account, calls = np.unique([row["account"] for row in rows], return_counts=True)
    zeros = np.zeros(len(account), np.int64)
    return Population(account, calls, zeros, zeros, zeros, zeros, zeros, account)


@pytest.fixture
def summaries(tmp_path: Path) -> Iterator[Any]:
    with Engine(tmp_path) as engine:

        def go(rows: list[Row], groups: list[Group]) -> list[Summary]:
            table = table_of(rows)
            cues = score_cues(np.unique(table["cues"].to_numpy())).to_arrow()
            marked = mark_calls(engine, engine.lazy(table), cues)
            return summarise(engine, group_calls(engine, marked, groups, everybody(rows)), len(groups))

        yield go


def random_rows(seed: int = 1, size: int = 400) -> list[Row]:
    draw = np.random.default_rng(seed)
    return [
        {
            "account": int(draw.integers(1, 8)),
            "hour": START_HOUR + int(draw.integers(30)),
            "skeleton": [None, 1, 2, 3][int(draw.integers(4))],
            "cues": [0, 3, HARVEST][int(draw.integers(3))],
            "item": [None, *range(40)][int(draw.integers(41))],
            "topic_0": [None, 1, 2, 3][int(draw.integers(4))],
            "turns": int(draw.integers(2)),
            "tools": [None, 0, 2][int(draw.integers(3))],
            "output_tokens": [None, 5][int(draw.integers(2))],
            "input_tokens": 3,
            "cached_input_tokens": 1,
            "completed": bool(draw.integers(2)),
        }
        for _ in range(size)
    ]


def test_says_what_counting_row_by_row_says(summaries: Any) -> None:
    rows = random_rows()
    groups = [group([1, 2, 3], [(TEMPLATE, 1), (TEMPLATE, 2)]), group([5, 6], [(TEMPLATE, 1)])]
    for made, accounts, templates in zip(summaries(rows, groups), ({1, 2, 3}, {5, 6}), ({1, 2}, {1}), strict=True):
        mine = [r for r in rows if r["account"] in accounts and r["skeleton"] in templates]
        items = [(r["item"], r["account"]) for r in mine if r["item"] is not None]
        assert made.calls == len(mine)
        assert made.completed == sum(r["completed"] for r in mine)
        assert made.output_tokens == sum(r["output_tokens"] or 0 for r in mine)
        assert made.input_tokens == 3 * len(mine)
        assert made.cached_input_tokens == len(mine)
        assert made.follow_ups == sum(r["turns"] > 0 for r in mine)
        assert made.with_tools == sum((r["tools"] or 0) > 0 for r in mine)
        assert made.first == min(r["hour"] for r in mine) * MICROSECONDS_PER_HOUR
        assert made.last == max(r["hour"] for r in mine) * MICROSECONDS_PER_HOUR
        assert made.items == len({item for item, _ in items})
        assert made.item_holdings == len(set(items))
        assert made.item_calls == len(items)
        assert made.item_squares == sum(n * n for n in Counter(item for item, _ in set(items)).values())
        assert made.holding_squares == sum(n * n for n in Counter(account for _, account in set(items)).values())
        assert set(made.accounts.tolist()) == accounts
        assert made.account_calls.sum() == made.cue_calls.sum() == made.hour_calls.sum() == len(mine)
        for cues, calls in zip(made.cues, made.cue_calls, strict=True):
            assert calls == sum(r["cues"] == cues for r in mine)
        for hour, people in zip(made.hours, made.hour_accounts, strict=True):
            assert people == len({r["account"] for r in mine if r["hour"] == hour})


def test_a_call_in_two_cells_counts_once(summaries: Any) -> None:
    rows = [{"account": 1, "skeleton": 1, "skeleton_words": 9, "cues": HARVEST} for _ in range(7)]
    (made,) = summaries(rows, [group([1], [(TEMPLATE, 1), (USE, int(Use.REASONING))])])
    assert made.calls == 7


def test_other_calls_of_members_are_not_the_campaign_s(summaries: Any) -> None:
    rows = [{"account": 1, "skeleton": 1}, {"account": 1, "skeleton": 2}, {"account": 1}, {"account": 2, "skeleton": 1}]
    (made,) = summaries(rows, [group([1], [(TEMPLATE, 1)])])
    assert made.calls == 1
    assert made.accounts.tolist() == [1]


def test_an_account_that_sends_little_else_gives_all_its_first_questions(summaries: Any) -> None:
    rows = [{"account": 1, "skeleton": 1}] * 8 + [{"account": 1}, {"account": 1, "turns": 1}]
    rows += [{"account": 2, "skeleton": 1}] * 7 + [{"account": 2}] * 3
    (made,) = summaries(rows, [group([1, 2], [(TEMPLATE, 1)])])
    assert dict(zip(made.accounts.tolist(), made.account_calls.tolist(), strict=True)) == {1: 9, 2: 7}


def test_counts_the_artefacts_that_went_from_account_to_account(summaries: Any) -> None:
    sent = [(1, 7), (2, 7), (1, 8), (1, 8), (2, 9), (3, 9), (3, 9), (3, None)]
    rows = [{"account": a, "artefact": blob, "skeleton": 1} for a, blob in sent]
    (made,) = summaries(rows, [group([1, 2, 3], [(TEMPLATE, 1)])])
    assert (made.carried, made.carried_calls) == (2, 5)
