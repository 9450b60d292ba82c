from typing import Any

import narwhals as nw
import numpy as np
import pytest

from stillwatch.detect.cells import MIN_PROBABILITY
from stillwatch.detect.codes import Background, Codes, Numbered, encode
from stillwatch.detect.mixture import FAMILIES, MIN_BITS, Membership, settle
from stillwatch.detect.observe import Edges, Observed
from stillwatch.detect.signal import Signal
from stillwatch.records import Family

PEOPLE = 1_000
EVERYBODY = Background(np.arange(PEOPLE) + 10**9, np.ones(PEOPLE, bool))


def unused(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return calls


def edges(held: dict[int, list[tuple[int, int]]]) -> Edges:
    """Return edges from {unit: [(observable, calls)]}."""
    rows = sorted((unit, o, n) for unit, values in held.items() for o, n in values)
    return Edges(*(np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else ([], [], []))))


def observed(
    strands: dict[int, list[tuple[int, int]]],
    elsewhere: dict[int, int] | None = None,
    *,
    name: str = "address",
    family: Family = Family.NETWORK,
    max_bits: float = 10.0,
    partial: bool = False,
) -> Observed:
    """Return a signal's edges; ``elsewhere`` says how many of everybody hold an observable, one each."""
    others: dict[int, list[tuple[int, int]]] = {}
    account = 0
    for observable, holders in (elsewhere or {}).items():
        for _ in range(holders):
            others.setdefault(int(EVERYBODY.account[account % PEOPLE]), []).append((observable, 1))
            account += 1
    return Observed(Signal(name, family, unused, max_bits=max_bits, partial=partial), edges(strands), edges(others))


def weigh(*seen: Observed, strands: int, cell: list[int] | None = None, entity: list[int] | None = None) -> Membership:
    """Weigh strands that are outside the background."""
    cells = np.array(cell if cell is not None else [0] * strands)
    rows = np.arange(strands)
    codes = [encode(Numbered.of(one, EVERYBODY), cells, rows) for one in seen]
    zeros = np.zeros(strands)
    owner = rows if entity is None else np.array(entity)
    weight = np.array([1.0 / sum(owner[o] == owner[r] and cells[o] == cells[r] for o in rows) for r in rows])
    return settle(codes, cell=cells, entity=owner, weight=weight, strata=[zeros] * 2, background=EVERYBODY)


def network(membership: Membership) -> list[float]:
    bits: list[float] = membership.bits[:, FAMILIES.index(Family.NETWORK)].tolist()
    return bits


def same(value: int, strands: range) -> dict[int, list[tuple[int, int]]]:
    return {strand: [(value, 1)] for strand in strands}


def test_a_strand_is_coded_by_the_observable_it_shares_most() -> None:
    held = {0: [(7, 100), (8, 1)], 1: [(8, 1)], 2: [(8, 1), (9, 50)], 3: []}
    codes = encode(Numbered.of(observed(held, {8: 5}), EVERYBODY), np.zeros(4, np.int64), np.arange(4))
    assert [int(codes.code_observable[c]) for c in codes.code[:3]] == [8, 8, 8]
    assert codes.code[3] == -1
    assert codes.base_all[codes.code[0]] == 5


def test_of_equally_shared_ones_the_one_in_more_calls_codes() -> None:
    held = {0: [(7, 1), (8, 9)], 1: [(7, 1), (8, 9)]}
    codes = encode(Numbered.of(observed(held), EVERYBODY), np.zeros(2, np.int64), np.arange(2))
    assert {int(codes.code_observable[c]) for c in codes.code} == {8}


def test_one_observable_in_two_cells_is_two_codes() -> None:
    codes = encode(Numbered.of(observed(same(7, range(4))), EVERYBODY), np.array([0, 0, 1, 1]), np.arange(4))
    assert codes.code[0] == codes.code[1] != codes.code[2] == codes.code[3]
    assert codes.code_cell[codes.code].tolist() == [0, 0, 1, 1]


def test_a_signal_that_saw_nothing_codes_nothing() -> None:
    codes: Codes = encode(Numbered.of(observed({}), EVERYBODY), np.zeros(3, np.int64), np.arange(3))
    assert codes.code.tolist() == [-1, -1, -1]
    assert network(weigh(observed({}), strands=3)) == [0.0, 0.0, 0.0]


def test_a_rare_value_in_common_holds_strands_together() -> None:
    membership = weigh(observed(same(7, range(10)), {99: 900}), strands=10)
    assert min(network(membership)) > 5.0
    assert membership.probability.min() > 0.95


def test_a_value_that_everybody_has_weighs_nothing() -> None:
    membership = weigh(observed(same(7, range(10)), {7: PEOPLE}), strands=10)
    assert max(map(abs, network(membership))) < 0.2


def test_the_rarer_a_shared_value_the_more_it_weighs() -> None:
    weights = [network(weigh(observed(same(7, range(10)), {7: n}), strands=10))[0] for n in (1, 10, 100, 500)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > weights[-1] + 3.0


def test_of_a_partial_signal_only_those_it_sees_are_compared_with() -> None:
    """A hundred were seen and all agree: that nine hundred were not seen does not make the value rare."""
    seen = [network(weigh(observed(same(7, range(10)), {7: 100}, partial=p), strands=10))[0] for p in (False, True)]
    assert seen[0] > 2.0
    assert abs(seen[1]) < 0.2


def test_nothing_confirms_itself() -> None:
    """A value that only one strand holds is as rare as can be, and says nothing for it."""
    alone = {strand: [(strand, 1)] for strand in range(10)}
    assert max(network(weigh(observed(alone, {99: 900}), strands=10))) <= 0.1


def test_accounts_of_one_owner_do_not_vouch_for_each_other() -> None:
    held = {strand: [(7 if strand < 5 else 100 + strand, 1)] for strand in range(10)}
    strangers = network(weigh(observed(held, {99: 900}), strands=10))
    siblings = network(weigh(observed(held, {99: 900}), strands=10, entity=[50] * 5 + list(range(5))))
    assert min(strangers[:5]) > 3.0
    assert max(siblings[:5]) <= 0.1


def test_who_shares_nothing_with_the_others_does_not_belong() -> None:
    held = same(7, range(9)) | {9: [(50, 1)]}
    membership = weigh(observed(held, {50: 200}), strands=10)
    assert membership.probability[:9].min() > 0.95
    assert membership.probability[9] < MIN_PROBABILITY
    assert network(membership)[9] < 0


def test_one_disagreement_costs_little_and_one_agreement_has_its_cap() -> None:
    held = same(7, range(39)) | {39: [(50, 1)]}
    membership = weigh(observed(held, {50: 900}, max_bits=3.0), strands=40)
    assert max(network(membership)) <= 3.0
    assert min(network(membership)) >= MIN_BITS


def test_a_second_signal_of_a_family_adds_less_than_one_of_another_family() -> None:
    one = observed(same(7, range(10)), {99: 900})
    kin = observed(same(8, range(10)), {99: 900}, name="prefix")
    other = observed(same(8, range(10)), {99: 900}, name="payment", family=Family.IDENTITY)
    alone, twice, apart = (
        weigh(*seen, strands=10).bits.sum(axis=1).min() for seen in ([one], [one, kin], [one, other])
    )
    assert alone < twice < apart


def test_cells_are_weighed_apart() -> None:
    held = same(7, range(10)) | {10 + n: [(100 + n, 1)] for n in range(10)}
    bits = network(weigh(observed(held, {99: 900}), strands=20, cell=[0] * 10 + [1] * 10))
    assert min(bits[:10]) > 5.0
    assert max(bits[10:]) <= 0.1


def test_members_are_not_their_own_background() -> None:
    """An address that only the campaign's accounts have is rare, although they are part of everybody."""
    members = {int(a): [(7, 1)] for a in EVERYBODY.account[:200]}
    seen = Observed(Signal("address", Family.NETWORK, unused), edges(same(7, range(200))), edges(members))
    rows, ones = np.arange(200), np.ones(200)
    codes = [encode(Numbered.of(seen, EVERYBODY), np.zeros(200, np.int64), rows)]
    inside = settle(
        codes,
        cell=np.zeros(200, np.int64),
        entity=rows,
        weight=ones,
        strata=[ones, ones],
        background=EVERYBODY,
    )
    assert min(network(inside)) > 5.0


def test_the_order_of_strands_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    held = {strand: [(int(draw.integers(4)), 1)] for strand in range(30)}
    order = draw.permutation(30)
    plain = network(weigh(observed(held, {1: 300}), strands=30))
    moved = network(weigh(observed({i: held[int(o)] for i, o in enumerate(order)}, {1: 300}), strands=30))
    assert moved == pytest.approx([plain[o] for o in order])
