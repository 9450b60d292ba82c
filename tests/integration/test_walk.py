"""The whole way of a campaign through the commands (docs/walk.md): scan, share, register, appeal, revoke."""

from __future__ import annotations

from pathlib import Path

import pytest

from walk import HEAD, Came, walk

pytest.importorskip("icu", reason="PyICU is not built (Debian: apt-get install libicu-dev g++)")

PAGE = Path(__file__).parents[2] / "docs/walk.md"


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Came:
    return walk(tmp_path_factory.mktemp("walk"))


def test_the_partner_s_word_is_evidence_beside_our_own_and_goes_with_the_revocation(came: Came) -> None:
    assert 0 < came.bits_with <= 3
    assert came.bits_after is None
    assert came.received
    assert all(one["revoked"] for one in came.received)


def test_the_second_host_s_sighting_comes_back_to_the_first(came: Came) -> None:
    assert "seen by 90 account(s)" in came.feedback


def test_a_stranger_verifies_the_entry_before_and_after_the_appeal(came: Came) -> None:
    before, after = came.verified
    assert f"{came.entry}: corroborated: Quillfern Model Works Ltd" in before
    assert f"{came.entry}: withdrawn: Quillfern Model Works Ltd" in after
    assert "signed with 2 key(s)" in before
    assert "signed with 3 key(s)" in after
    assert "decided about this entry before" in came.refused


def test_a_screening_finds_the_party_while_it_is_listed_and_is_told_when_it_is_not(came: Came) -> None:
    assert came.screened.count(came.entry) == 2
    assert "B-1003: clear" in came.screened
    assert came.rescreened.count(f"gone: {came.entry}") == 2


def test_the_page_tells_this_way(came: Came) -> None:
    told = PAGE.read_text(encoding="utf-8")
    assert told.startswith(HEAD)
    assert [line for line in told.splitlines() if line.startswith("## ")] == [
        line for line in came.page.splitlines() if line.startswith("## ")
    ]
