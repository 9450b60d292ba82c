"""What was screened before, and who was cleared."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from screenings import FERN, listed, listing
from stillwatch.errors import RegistryError
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.listing import Listing
from stillwatch.registry.screening.memory import Cleared, Memory, compare, without_cleared
from stillwatch.registry.screening.screen import Screened, Screener

CUSTOMER = Customer("c1", "Quillfern Model Works")
CLEARED = Cleared("c1", "R-1", 4, "me", "Another company of that name.", 100, 200)


def screened(made: Listing | None = None) -> Screened:
    return Screener(made or listing(FERN)).screen(CUSTOMER)


def test_results_are_kept_privately_and_replaced_by_customer(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m")
    assert (memory.customers(), memory.size()) == ([], 0)
    memory.remember([(CUSTOMER, screened())], list_size=9)
    memory.remember([(replace(CUSTOMER, customer="c2"), screened())], list_size=11)
    assert [c.customer for c, _ in memory.customers()] == ["c1", "c2"]
    assert memory.size() == 11
    assert stat.S_IMODE((tmp_path / "m/screened.jsonl").stat().st_mode) == 0o600


def test_a_cleared_hit_is_left_out_until_its_time_is_over_or_the_entry_changes() -> None:
    assert without_cleared(screened(), [CLEARED], now=150).outcome == "clear"
    assert without_cleared(screened(), [CLEARED], now=200).outcome == "strong"
    changed = Listing(listing(FERN).checkpoint, listed(FERN, steps=5))
    assert without_cleared(screened(changed), [CLEARED], now=150).outcome == "strong"
    assert without_cleared(screened(), [replace(CLEARED, customer="c2")], now=150).outcome == "strong"
    assert without_cleared(screened(), [replace(CLEARED, entry="R-2")], now=150).outcome == "strong"


def test_clearing_has_an_end_and_a_reason(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.clear(CLEARED)
    assert memory.whitelist() == [CLEARED]
    for wrong, why in (
        (replace(CLEARED, expires_at=100 + 366 * 86_400), "within 365 days"),
        (replace(CLEARED, expires_at=100), "within 365 days"),
        (replace(CLEARED, reason=" "), "say why"),
    ):
        with pytest.raises(RegistryError, match=why):
            memory.clear(wrong)
    assert memory.whitelist() == [CLEARED]


def test_a_new_list_says_only_what_changed() -> None:
    before = screened().to_json()
    assert compare(None, screened()).appeared == ("R-1",)
    same = compare(before, screened())
    assert (same.appeared, same.gone, same.changed) == ((), (), ())
    assert compare(before, screened(Listing(listing(FERN).checkpoint, ()))).gone == ("R-1",)
    changed = Listing(listing(FERN).checkpoint, listed(FERN, steps=5))
    assert compare(before, screened(changed)).changed == ("R-1",)


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "screened.jsonl").write_text("{")
    with pytest.raises(RegistryError, match="restore it"):
        Memory(tmp_path).customers()
