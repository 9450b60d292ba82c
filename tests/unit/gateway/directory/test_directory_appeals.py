from __future__ import annotations

from pathlib import Path

import pytest

from directories import NOW
from stillwatch.errors import DirectoryError, NotInDirectoryError
from stillwatch.gateway.directory.opened import Directory


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(f"sqlite:///{tmp_path}/directory.sqlite")


def in_force(directory: Directory, account: str, now: float) -> list[bool]:
    return [a.is_in_force(now) for a in directory.appeals.list(account)]


def test_a_grant_says_who_why_and_until_when(directory: Directory) -> None:
    directory.appeals.grant("acme", reason="a class", by="ada", now=NOW, expires_at=NOW + 10)
    (appeal,) = directory.appeals.list()
    assert (appeal.account, appeal.granted_by, appeal.reason) == ("acme", "ada", "a class")
    assert appeal.is_in_force(NOW + 9)
    assert not appeal.is_in_force(NOW + 10)


def test_a_grant_taken_back_stays_in_the_list_with_who_and_why(directory: Directory) -> None:
    directory.appeals.grant("acme", reason="a class", by="ada", now=NOW)
    directory.appeals.revoke("acme", reason="no class", by="bob", now=NOW + 5)
    (appeal,) = directory.appeals.list("acme")
    assert (appeal.revoked_at, appeal.revoked_by, appeal.revoked_reason) == (NOW + 5, "bob", "no class")
    assert not appeal.is_in_force(NOW + 5)


def test_granting_again_closes_the_earlier_grant(directory: Directory) -> None:
    directory.appeals.grant("acme", reason="one", by="ada", now=NOW, expires_at=NOW + 1)
    directory.appeals.grant("acme", reason="two", by="ada", now=NOW + 5)
    assert [(a.reason, a.is_in_force(NOW + 6)) for a in directory.appeals.list("acme")] == [
        ("two", True),
        ("one", False),
    ]


def test_only_what_is_granted_can_be_taken_back(directory: Directory) -> None:
    with pytest.raises(NotInDirectoryError, match="no appeal of 'acme'"):
        directory.appeals.revoke("acme", reason="x", by="ada", now=NOW)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001, "a\0b"])
def test_a_grant_needs_a_reason(directory: Directory, reason: str) -> None:
    with pytest.raises(DirectoryError, match="say why"):
        directory.appeals.grant("acme", reason=reason, by="ada", now=NOW)


def test_a_grant_that_would_be_over_is_refused(directory: Directory) -> None:
    with pytest.raises(DirectoryError, match="later time"):
        directory.appeals.grant("acme", reason="x", by="ada", now=NOW, expires_at=NOW)


def test_other_accounts_are_not_touched(directory: Directory) -> None:
    directory.appeals.grant("acme", reason="x", by="ada", now=NOW)
    directory.appeals.grant("other", reason="x", by="ada", now=NOW)
    directory.appeals.revoke("other", reason="x", by="ada", now=NOW)
    assert in_force(directory, "acme", NOW) == [True]
    assert in_force(directory, "other", NOW) == [False]
