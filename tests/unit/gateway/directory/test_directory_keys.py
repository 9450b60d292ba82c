from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from directories import NOW
from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.credential import is_secret
from stillwatch.gateway.directory.keys import GRACE_SECONDS
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.directory.tables import keys

DAY = 86_400.0


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    opened = Directory(f"sqlite:///{tmp_path}/directory.sqlite")
    opened.accounts.add("acme", {}, by="me", now=NOW)
    return opened


def states(directory: Directory, now: float) -> dict[str, str]:
    return {k.key: k.state(now) for k in directory.keys.list()}


def test_only_a_salted_hash_of_the_secret_is_on_disk(directory: Directory, tmp_path: Path) -> None:
    made = directory.keys.issue("acme", by="me", now=NOW)
    with directory.database.read() as connection:
        row = connection.execute(select(keys)).one()
    directory.close()
    assert is_secret(made.secret, salt=row.salt, hashed=row.hash)
    assert not any(made.secret.encode() in p.read_bytes() for p in tmp_path.iterdir())


def test_a_key_expires_at_its_time(directory: Directory) -> None:
    made = directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW + 10)
    assert states(directory, NOW + 9.9) == {f"sw-{made.id}": "valid"}
    assert states(directory, NOW + 10) == {f"sw-{made.id}": "expired"}


def test_no_key_without_an_account(directory: Directory) -> None:
    with pytest.raises(NotInDirectoryError, match="add it first"):
        directory.keys.issue("nobody", by="me", now=NOW)


def test_a_key_that_would_be_born_expired_is_refused(directory: Directory) -> None:
    with pytest.raises(DirectoryError, match="later time"):
        directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW)


@pytest.mark.parametrize("label", ["x" * 81, "a\nb", "\x1b[2J"])
def test_a_label_is_short_and_printable(directory: Directory, label: str) -> None:
    with pytest.raises(DirectoryError, match="label"):
        directory.keys.issue("acme", by="me", now=NOW, label=label)


def test_a_rotated_key_goes_on_for_the_grace_period(directory: Directory) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW, label="ci")
    new = directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW + 5)
    end = NOW + 5 + GRACE_SECONDS
    assert states(directory, end - 1) == {f"sw-{old.id}": "valid", f"sw-{new.id}": "valid"}
    assert states(directory, end) == {f"sw-{old.id}": "expired", f"sw-{new.id}": "valid"}
    assert {k.label for k in directory.keys.list()} == {"ci"}


def test_without_grace_the_old_key_ends_at_once(directory: Directory) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW)
    directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW + 5, grace_seconds=0)
    assert states(directory, NOW + 5)[f"sw-{old.id}"] == "expired"


def test_grace_does_not_outlive_the_old_keys_own_end(directory: Directory) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW + 10)
    directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW + 5)
    assert states(directory, NOW + 10)[f"sw-{old.id}"] == "expired"


def test_a_successor_lives_as_long_as_the_old_key_was_meant_to(directory: Directory) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW + 90 * DAY)
    new = directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW + 80 * DAY)
    (found,) = [k for k in directory.keys.list() if k.key == f"sw-{new.id}"]
    assert found.expires_at == NOW + 170 * DAY


def test_a_key_is_rotated_once(directory: Directory) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW)
    new = directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW)
    with pytest.raises(DirectoryError, match=f"rotated into sw-{new.id}"):
        directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW)


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_a_key_that_ended_is_not_rotated(directory: Directory, ended: str) -> None:
    old = directory.keys.issue("acme", by="me", now=NOW, expires_at=NOW + 10)
    if ended == "revoked":
        directory.keys.revoke(f"sw-{old.id}", by="me", now=NOW)
    with pytest.raises(DirectoryError, match=f"is {ended}"):
        directory.keys.rotate(f"sw-{old.id}", by="me", now=NOW + 20)


def test_nothing_of_a_revoked_key_can_be_tested(directory: Directory) -> None:
    made = directory.keys.issue("acme", by="me", now=NOW)
    assert directory.keys.revoke(made.text, by="me", now=NOW + 1).state(NOW + 1) == "revoked"
    with directory.database.read() as connection:
        row = connection.execute(select(keys)).one()
    assert (row.salt, row.hash) == (b"", b"")


def test_revoking_again_keeps_the_first_time(directory: Directory) -> None:
    made = directory.keys.issue("acme", by="me", now=NOW)
    directory.keys.revoke(f"sw-{made.id}", by="me", now=NOW + 1)
    assert directory.keys.revoke(f"sw-{made.id}", by="me", now=NOW + 9).revoked_at == NOW + 1


def test_all_keys_of_an_account_are_revoked_and_no_others(directory: Directory) -> None:
    directory.accounts.add("other", {}, by="me", now=NOW)
    kept = directory.keys.issue("other", by="me", now=NOW)
    for _ in range(3):
        directory.keys.issue("acme", by="me", now=NOW)
    assert directory.keys.revoke_account("acme", by="me", now=NOW) == 3
    assert directory.keys.revoke_account("acme", by="me", now=NOW) == 0
    assert [k for k, state in states(directory, NOW).items() if state == "valid"] == [f"sw-{kept.id}"]


def test_a_mistyped_key_is_not_repeated_in_the_message(directory: Directory) -> None:
    secret = directory.keys.issue("acme", by="me", now=NOW).text[:-1]
    with pytest.raises(NotInDirectoryError) as caught:
        directory.keys.revoke(secret, by="me", now=NOW)
    assert secret[16:] not in str(caught.value)


def test_listing_goes_page_by_page(directory: Directory) -> None:
    made = sorted(f"sw-{directory.keys.issue('acme', by='me', now=NOW).id}" for _ in range(5))
    first = [k.key for k in directory.keys.list("acme", most=3)]
    assert first + [k.key for k in directory.keys.list("acme", after=first[-1])] == made
