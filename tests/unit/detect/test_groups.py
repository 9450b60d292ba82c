from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hand_made_cells import (
    HARVEST_SCORE,
    NEUTRAL_SCORE,
    ONE,
    OTHER,
    WORK_SCORE,
    all_cells,
    cell_of,
    everybody,
    strands_of,
)

from planted import ACCOUNT_STEP, campaign, crowd, member_keys, table_of
from stillwatch.detect.cells import Cell
from stillwatch.detect.codes import Background
from stillwatch.detect.find import Findings, find_candidates
from stillwatch.detect.group import Group
from stillwatch.detect.groups import Groups, find_groups
from stillwatch.detect.groups import merge as merge_cells
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.signal import find_signals
from stillwatch.detect.strands import TEMPLATE, USE, Population, Strands
from stillwatch.store.engine import Engine


def merge(cells: list[Cell], strands: Strands) -> list[Group]:
    return merge_cells(cells, strands, everybody(strands))


def test_cells_of_the_same_accounts_are_one_campaign() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE, HARVEST_SCORE)})
    (group,) = merge(all_cells(strands), strands)
    assert group.accounts.tolist() == ONE
    assert group.contents == [(TEMPLATE, 1), (TEMPLATE, 2)]


def test_cells_of_different_accounts_are_different_campaigns() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (OTHER, HARVEST_SCORE)})
    groups = merge(all_cells(strands), strands)
    assert sorted(g.accounts.tolist() for g in groups) == [ONE, OTHER]


def test_one_account_in_common_does_not_make_two_campaigns_one() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): ([*OTHER, 1], HARVEST_SCORE)})
    groups = merge(all_cells(strands), strands)
    assert len(groups) == 2
    assert sorted(a for g in groups for a in g.accounts.tolist()) == sorted(ONE + OTHER)


def test_work_that_members_do_for_others_stays_out() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE, WORK_SCORE)})
    (group,) = merge(all_cells(strands), strands)
    assert group.contents == [(TEMPLATE, 1)]


@pytest.mark.parametrize(("strangers", "follow_ups", "joins"), [(0, 0, True), (90, 0, False), (0, 5, False)])
def test_neutral_wording_joins_if_only_members_use_it_and_nobody_converses(
    strangers: int, follow_ups: int, *, joins: bool
) -> None:
    others = list(range(100, 100 + strangers))
    strands = strands_of(
        {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE + others, NEUTRAL_SCORE)}, follow_ups=follow_ups
    )
    cells = [cell_of(strands, 0, bits=4.0), cell_of(strands, 1, accepted=ONE)]
    (group,) = merge(cells, strands)
    assert ((TEMPLATE, 2) in group.contents) == joins


def test_four_accounts_are_no_group() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE[:4], HARVEST_SCORE)})
    assert merge(all_cells(strands), strands) == []


def test_the_order_of_cells_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    held = {(TEMPLATE, n): (sorted(draw.choice(60, 12, replace=False).tolist()), HARVEST_SCORE) for n in range(12)}
    strands = strands_of(held)
    cells = [cell_of(strands, number, bits=1.0 + number / 7) for number in range(12)]
    known = [(g.accounts.tolist(), g.contents) for g in merge(cells, strands)]
    assert known
    for _ in range(5):
        shuffled = [cells[i] for i in draw.permutation(12)]
        assert [(g.accounts.tolist(), g.contents) for g in merge(shuffled, strands)] == known


def test_match_weights_stay_with_their_accounts() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): ([*ONE, 11, 12], HARVEST_SCORE)})
    (group,) = merge([cell_of(strands, 0, bits=3.0), cell_of(strands, 1, bits=1.0)], strands)
    assert group.accounts.tolist() == [*ONE, 11, 12]
    assert group.match_weight.tolist() == [3.0 * len(FAMILIES)] * 10 + [1.0 * len(FAMILIES)] * 2


def test_no_strands_give_no_groups() -> None:
    none = np.zeros(0, np.int64)
    nobody = Population(*(none,) * 8)
    empty = Strands(none, none, none, none, none, none, none.astype(np.int8), none, none, none.astype(float))
    assert find_groups(empty, [], nobody, Background(none, none.astype(bool))) == Groups([])


@pytest.fixture
def find(tmp_path: Path) -> Iterator[Any]:
    with Engine(tmp_path) as engine:

        def go(rows: list[dict[str, Any]], accounts: pa.Table | None = None, **others: Any) -> Findings:
            calls = engine.lazy(table_of(rows))
            return find_candidates(engine, calls, accounts=accounts, signals=find_signals(), **others)

        yield go


def test_a_group_that_cannot_come_to_enough_is_counted_and_not_questioned(find: Any) -> None:
    rows = crowd() + campaign(calls=90)
    every = find(rows)
    strongest = every.candidates[0].coordination.bits
    some, none = find(rows, least=0.0), find(rows, least=strongest + 10.0)
    assert [c.strength for c in some.candidates] == [c.strength for c in every.candidates if c.strength >= 0.0]
    assert len(some.candidates) + some.others == len(every.candidates)
    assert (none.candidates, none.others) == ([], len(every.candidates))


def found(findings: Findings) -> list[list[int]]:
    return [c.group.accounts.tolist() for c in findings.candidates if c.strength > 3.0]


def test_finds_the_planted_campaign_and_nobody_else(find: Any) -> None:
    assert found(find(crowd() + campaign(calls=90))) == [member_keys()]


def test_wording_alone_makes_no_group(find: Any) -> None:
    """Strangers with one template and nothing else in common: users of one published prompt."""
    rows = campaign(calls=90)
    for number, row in enumerate(rows):
        person = row["account"] // ACCOUNT_STEP
        draw = np.random.default_rng(person)
        row |= {"address": 50_000 + person, "prefix": 60_000 + person, "hour": row["hour"] + int(draw.integers(240))}
        row |= {"user_agent": int(draw.integers(5)), "parameters": int(draw.integers(8)), "item": number}
    assert found(find(crowd() + rows)) == []


def test_who_uses_the_template_but_shares_nothing_is_spared(find: Any) -> None:
    rows = campaign(calls=90)
    stranger = 5_000 * ACCOUNT_STEP
    alike = [
        {
            **crowd(1)[0],
            **{k: rows[0][k] for k in ("skeleton", "skeleton_words", "cues")},
            "account": stranger,
            "item": n,
        }
        for n in range(20)
    ]
    assert found(find(crowd() + rows + alike)) == [member_keys()]


def test_paraphrased_harvest_from_one_address_is_found_by_its_use(find: Any) -> None:
    rows = campaign(calls=90, skeleton=None, skeleton_words=0)
    findings = find(crowd() + rows)
    assert set(member_keys()) <= set(findings.candidates[0].group.accounts.tolist())
    assert {kind for kind, _ in findings.candidates[0].group.contents} == {USE}


def test_the_same_network_without_a_harvest_is_no_campaign(find: Any) -> None:
    assert found(find(crowd() + campaign(calls=90, cues=0))) == []


def test_companies_with_one_wording_and_addresses_of_their_own_are_not_tied(find: Any) -> None:
    rows = campaign(members=24, calls=60)
    for row in rows:
        company = row["account"] // ACCOUNT_STEP % 3
        row |= {"address": 5 + company, "prefix": 15 + company}
    (candidate,) = find(crowd() + rows).candidates
    assert candidate.group.tied == pytest.approx(1 / 3)


def test_a_class_with_the_same_use_is_no_part_of_a_campaign(find: Any) -> None:
    students = campaign(members=30, calls=30, seed=5, skeleton=78)
    for row in students:
        row |= {"account": row["account"] + 500 * ACCOUNT_STEP, "address": 7, "prefix": 8, "item": row["item"] % 40}
        row |= {"user_agent": 97, "parameters": 96}
    findings = find(crowd() + campaign(calls=90) + students)
    assert found(findings) == [member_keys()]
