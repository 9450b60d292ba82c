"""What may follow what: every step from every status, against the one table."""

from __future__ import annotations

from itertools import product

import pytest

from registers import CHANGES, OTHER, at_status
from stillwatch.errors import RegistryError
from stillwatch.registry.statuses import MEANS, NEXT, STANDING, TOMBSTONES, Status, Step, check_step, check_transition

ALLOWED = [(step, before) for step, befores in NEXT.items() for before in befores if before]
FORBIDDEN = [pair for pair in product(Step, Status) if pair not in ALLOWED]


def test_the_table_is_the_whole_truth_of_the_issue() -> None:
    assert [s.value for s in Status] == [
        "draft", "notified", "alleged", "corroborated", "officially_listed", "contested", "under_review", "upheld",
        "corrected", "withdrawn", "expired",
    ]  # fmt: skip
    assert set(NEXT) == set(Step)
    assert set(MEANS) == set(Status)
    assert not STANDING & TOMBSTONES


@pytest.mark.parametrize(("step", "status"), FORBIDDEN)
def test_a_forbidden_step_is_refused_and_changes_nothing(step: Step, status: Status) -> None:
    story = at_status(status)
    before = story.entry
    with pytest.raises(RegistryError, match=f"^{step}: not for an entry that is {status}"):
        story.do(CHANGES[step], by=OTHER)
    assert story.entry is before


def test_no_step_leads_anywhere_else_than_the_table_says() -> None:
    led = set()
    for step, before, after in product(Step, [None, *Status], Status):
        try:
            led.add((step, before, check_transition(step, before, after)))
        except RegistryError:
            assert after not in NEXT[step].get(before, ())
    assert led == {(step, before, a) for step in Step for before, afters in NEXT[step].items() for a in afters}


def test_nothing_is_published_but_from_notified() -> None:
    assert set(NEXT[Step.PUBLISH]) == {Status.NOTIFIED}
    public = {after for step in Step for after in NEXT[step].get(Status.DRAFT, ())}
    assert public == {Status.DRAFT, Status.NOTIFIED, Status.WITHDRAWN}


def test_a_tombstone_stays_one() -> None:
    for step, stone in product(Step, TOMBSTONES):
        assert NEXT[step].get(stone, frozenset({stone})) == {stone}


def test_the_refusal_says_what_can_be_done() -> None:
    with pytest.raises(RegistryError, match="amend, evidence, notice, withdraw"):
        check_step(Step.PUBLISH, Status.DRAFT)
    with pytest.raises(RegistryError, match="stillwatch register draft"):
        check_step(Step.PUBLISH, None)
