from __future__ import annotations

import pytest
from report_folder import observable, reasoning_campaign

from stillwatch.records import Cue
from stillwatch.report.observables import observables, signed


def label(signal: str, key: str, given: str | None = None, parameters: dict[str, object] | None = None) -> str:
    entry = reasoning_campaign(substreams=[], observables=[observable(signal, "timing", key, given, 1, 1, 1.0)])
    return observables(entry, parameters={signal: parameters or {}})[0].label


@pytest.mark.parametrize(
    ("signal", "value", "text"),
    [
        ("start_day", 20_515, "3 Mar 2026"),
        ("sign_up", 20_515 * 4 + 1, "2026-03-03 06:00"),
        ("workload", 9, "about 512"),
        ("follow_ups", 0, "0\u201310%"),
        ("round_the_clock", 6, "all 24"),
        ("cue_signature", int(Cue.REASONING | Cue.TAG_CONTAINER), "reasoning, tag container"),
        ("our_own", 42, "2a"),
    ],
)
def test_keys_that_count_something_are_read(signal: str, value: int, text: str) -> None:
    assert label(signal, f"{value:016x}") == text


def test_windows_follow_the_scans_settings() -> None:
    assert label("start_day", f"{20_515 * 2:016x}", parameters={"hours": 12}) == "2026-03-03 00:00"


def test_a_name_wins_over_a_key() -> None:
    assert label("prefix", "7a01b2c3d4e5f607", "203.0.113.0/24") == "203.0.113.0/24"


def test_a_hash_is_shown_by_its_beginning() -> None:
    assert label("start_day", "c0ffee1234567890") == "c0ffee12"


def test_keys_are_signed_integers() -> None:
    assert [signed("ffffffffffffffff"), signed("000000000000000a"), signed("no key")] == [-1, 10, None]
