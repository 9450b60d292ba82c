"""A register read back from leaves that somebody tampered with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registers import AUTHOR, CHANGES, DRAFT, NOW, REVIEWER, evidence
from stillwatch.errors import RegistryError
from stillwatch.registry.changes import AddEvidence, Change, Erase, Signed
from stillwatch.registry.records import Leaf, read_record
from stillwatch.registry.statuses import Step


def leaves(*changes: Change | None, by: str = AUTHOR) -> list[Leaf]:
    return [
        Leaf(7 + at, json.dumps({"step": at + 1}).encode(), Signed(NOW, by, change) if change else None)
        for at, change in enumerate(changes)
    ]


def test_a_history_that_breaks_the_rules_is_no_register() -> None:
    with pytest.raises(RegistryError, match="R-1: entry 8 of the log: publish: not for an entry that is draft"):
        read_record("R-1", leaves(DRAFT, CHANGES[Step.PUBLISH], by=REVIEWER), register="register.example")


def test_a_hole_in_a_history_is_noticed() -> None:
    with pytest.raises(RegistryError, match="entry 8 of the log cannot be opened"):
        read_record("R-1", leaves(DRAFT, None), register="register.example")


def test_an_erased_history_ends_with_a_tombstone() -> None:
    assert read_record("R-1", leaves(None, None, Erase("x")), register="register.example").entry is None
    for found in (leaves(None, None), leaves(None, CHANGES[Step.WITHDRAW]), leaves(None, DRAFT, Erase("x"))):
        with pytest.raises(RegistryError, match="not erased"):
            read_record("R-1", found, register="register.example")


def test_the_last_change_is_always_there() -> None:
    record = read_record("R-1", leaves(DRAFT, AddEvidence(evidence())), register="register.example")
    assert record.last.change == AddEvidence(evidence())
    with pytest.raises(RegistryError, match="last change"):
        _ = replace(record, leaves=(replace(record.leaves[0], signed=None),)).last
