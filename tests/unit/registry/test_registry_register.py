"""A register on disk: its log is all there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registers import AUTHOR, CHANGES, DRAFT, OTHER, REVIEWER, Clock, evidence, open_test_register, publish_one
from stillwatch.errors import EvidenceError, NotInRegisterError, RegistryError
from stillwatch.registry.changes import AddEvidence, Decide, Draft, Erase, Withdraw
from stillwatch.registry.register import Register, open_register
from stillwatch.registry.statuses import Status, Step


def test_what_is_written_is_what_is_read_back(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        record = publish_one(register, clock)
        assert record == register.records["R-1"]
        register.draft(DRAFT, by=AUTHOR)
    opened = open_register(tmp_path)
    assert opened.records["R-1"] == record
    assert [r.name for r in opened.public] == ["R-1"]
    assert [leaf.signed.change.step for leaf in record.leaves if leaf.signed] == [
        Step.DRAFT, Step.EVIDENCE, Step.NOTICE, Step.PUBLISH,
    ]  # fmt: skip


def test_the_log_names_nobody(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
    log = b"".join(p.read_bytes() for p in (tmp_path / "log/public").rglob("*") if p.is_file())
    assert b'"entry":"R-1","kind":"register"' in log
    for word in (b"Quillfern", b"author", b"publish", "羽蕨".encode()):
        assert word not in log


def test_a_refused_change_leaves_no_leaf(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        register.draft(DRAFT, by=AUTHOR)
        size = register.size
        for step in (Step.PUBLISH, Step.DECIDE, Step.ERASE, Step.NOTICE):
            with pytest.raises(RegistryError):
                register.make("R-1", CHANGES[step], by=REVIEWER)
        with pytest.raises(NotInRegisterError, match="register list"):
            register.make("R-9", CHANGES[Step.WITHDRAW], by=AUTHOR)
        with pytest.raises(NotInRegisterError):
            register.draft(Draft(DRAFT.entity, DRAFT.claims, DRAFT.criteria, follows="R-9"), by=AUTHOR)
        assert register.size == size


def test_a_second_entry_follows_only_one_that_ended(tmp_path: Path) -> None:
    clock, again = Clock(), Draft(DRAFT.entity, DRAFT.claims, DRAFT.criteria, follows="R-1")
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
        with pytest.raises(RegistryError, match="R-1 still stands"):
            register.draft(again, by=AUTHOR)
        register.make("R-1", Withdraw("x"), by=AUTHOR)
        assert register.draft(again, by=AUTHOR).name == "R-2"


def test_what_is_over_expires(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
        register.draft(DRAFT, by=AUTHOR)
        assert register.expire_due(by="timer") == []
        clock.days(365)
        assert [r.name for r in register.expire_due(by="timer")] == ["R-1"]
        assert register.expire_due(by="timer") == []


def test_an_erased_entry_is_a_tombstone_that_names_nobody(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
        publish_one(register, clock)
        register.make("R-1", CHANGES[Step.APPEAL], by=AUTHOR)
        register.make("R-1", Decide(Status.WITHDRAWN, "Mistaken identity."), by=OTHER)
        record = register.make("R-1", Erase("Asked for by the party."), by=OTHER)
        assert record.entry is None
        with pytest.raises(RegistryError, match="erased"):
            register.make("R-1", Withdraw("x"), by=AUTHOR)
    opened = open_register(tmp_path)
    assert [r.name for r in opened.public] == ["R-1", "R-2"]
    assert [leaf.signed is None for leaf in opened.records["R-1"].leaves] == [True] * 6 + [False]
    assert opened.records["R-1"].last.change == Erase("Asked for by the party.", was_public=True)
    assert opened.records["R-2"].entry is not None


def test_what_was_never_public_leaves_no_public_tombstone(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        register.draft(DRAFT, by=AUTHOR)
        register.make("R-1", Withdraw("A mistake."), by=AUTHOR)
        register.make("R-1", Erase("A mistake."), by=AUTHOR)
    assert open_register(tmp_path).public == []


def test_an_erasure_that_a_crash_cut_off_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
        register.make("R-1", Withdraw("x"), by=AUTHOR)
        monkeypatch.setattr(Register, "_finish_erasures", lambda _self: None)
        register.make("R-1", Erase("x"), by=AUTHOR)
    monkeypatch.undo()
    assert open_register(tmp_path).records["R-1"].entry is not None
    with open_test_register(tmp_path, clock) as register:
        assert register.records["R-1"].entry is None


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with open_test_register(tmp_path, Clock()), pytest.raises(EvidenceError, match="another process"):
        open_test_register(tmp_path, Clock())


def test_changes_of_another_vault_are_noticed(tmp_path: Path) -> None:
    clock = Clock()
    with open_test_register(tmp_path, clock) as register:
        publish_one(register, clock)
        register.make("R-1", AddEvidence(evidence(2)), by=AUTHOR)
    oldest = sorted((tmp_path / "vault").glob("*.parquet"))[1]
    oldest.unlink()
    with pytest.raises(RegistryError, match="cannot be opened"):
        open_register(tmp_path)


def test_events_of_other_kinds_do_not_disturb(tmp_path: Path) -> None:
    with open_test_register(tmp_path, Clock()) as register:
        register.draft(DRAFT, by=AUTHOR)
    opened = open_register(tmp_path)
    kinds = [json.loads(entry)["kind"] for entry in opened.log.reader.entries()]
    assert kinds == ["log", "register"]
