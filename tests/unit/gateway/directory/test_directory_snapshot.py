from __future__ import annotations

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from stillwatch.gateway.directory import snapshot
from stillwatch.gateway.directory.credential import ALPHABET, Credential, make_credential
from stillwatch.gateway.directory.snapshot import PackedKeys, Snapshot
from stillwatch.gateway.nouns import Caller


class Row(SimpleNamespace):
    """Stands in for a row of the feed."""

    _fields = (
        "id",
        "salt",
        "hash",
        "expires_at",
        "revoked_at",
        "account",
        "organization",
        "plan",
        "verification",
        "created_at",
    )

    def _asdict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._fields}

    def __iter__(self) -> Any:
        return iter(self._asdict().values())


def row(key_id: str, **given: object) -> Any:
    known = dict.fromkeys(Row._fields) | {"id": key_id, "salt": b"s" * 16, "hash": b"h" * 32, "account": f"of {key_id}"}
    return Row(**{**known, **given})


def packed(*batches: Sequence[Any]) -> PackedKeys:
    return PackedKeys(batches)


def test_every_packed_key_is_found_and_no_other() -> None:
    ids = [make_credential().id for _ in range(500)]
    table = packed([row(i) for i in ids[:300]], [], [row(i) for i in ids[300:]])
    assert len(table) == 500
    assert all((entry := table.find(i)) is not None and entry.caller == Caller(f"of {i}", f"sw-{i}") for i in ids)
    assert all(table.find(make_credential().id) is None for _ in range(500))


def test_ids_of_every_character_are_told_apart() -> None:
    ids = [c * 12 for c in ALPHABET] + ["0" * 11 + c for c in ALPHABET[1:]]
    random.Random(1).shuffle(ids)
    table = packed([row(i) for i in ids])
    assert [table.find(i).caller.account for i in ids] == [f"of {i}" for i in ids]  # type: ignore[union-attr]


def test_no_keys_at_all_is_a_table_too() -> None:
    assert packed().find("0" * 12) is None
    assert len(packed()) == 0


def test_a_packed_key_keeps_its_columns() -> None:
    given = row(
        "a" * 12,
        expires_at=1_500_000,
        account="é" * 100,
        organization="Acme",
        plan="pro",
        verification="kyc",
        created_at=2_000_000,
    )
    entry = packed([given]).find("a" * 12)
    assert entry is not None
    assert (entry.salt, entry.hash, entry.expires_at) == (b"s" * 16, b"h" * 32, 1.5)
    assert entry.caller == Caller("é" * 100, "sw-aaaaaaaaaaaa", "Acme", "pro", "kyc", 2.0)


def test_what_is_unknown_of_an_account_has_the_defaults_of_a_caller() -> None:
    entry = packed([row("a" * 12, account="acme")]).find("a" * 12)
    assert entry is not None
    assert entry.caller == Caller("acme", "sw-aaaaaaaaaaaa", None, "", "none", None)
    assert entry.expires_at == float("inf")


def test_a_change_counts_more_than_what_is_packed_or_at_hand() -> None:
    before = Snapshot(packed([row("a" * 12, plan="old"), row("b" * 12)]))
    assert before.find("a" * 12).caller.plan == "old"  # type: ignore[union-attr]
    after = before.with_changes([row("a" * 12, plan="new"), row("b" * 12, revoked_at=1), row("c" * 12)])
    assert after.find("a" * 12).caller.plan == "new"  # type: ignore[union-attr]
    assert after.find("b" * 12) is None
    assert after.find("c" * 12) is not None
    assert before.find("b" * 12) is not None


def test_a_key_of_a_removed_account_opens_nothing() -> None:
    assert Snapshot(packed([row("a" * 12)])).with_changes([row("a" * 12, account=None)]).find("a" * 12) is None


def test_the_keys_at_hand_are_bounded_and_unknown_ones_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAX_HOT", 10)
    ids = [make_credential().id for _ in range(35)]
    found = Snapshot(packed([row(i) for i in ids]))
    for key_id in ids * 2:
        assert found.find(key_id) is not None
        assert len(found._hot) <= 10
    before = dict(found._hot)
    assert found.find(Credential("z" * 12, "").id) is None
    assert found._hot == before
