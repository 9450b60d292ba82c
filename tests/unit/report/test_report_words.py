from __future__ import annotations

import pytest

from stillwatch.report import words


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999_999, "999,999"), (1_240_000, "1.24 million"), (3_000_000_000, "3.00 billion")]
)
def test_large_counts_read_as_prose(number: int, text: str) -> None:
    assert words.about(number) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.42, "42%"), (0.999, ">99%"), (1, "100%")])
def test_a_part_is_never_nothing_or_everything(share: float, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("bits", "text"), [(9.4, "680 to 1"), (1.0, "2.0 to 1"), (-3.0, "1 to 8.0"), (25.0, "over a million to 1")]
)
def test_bits_become_odds(bits: float, text: str) -> None:
    assert words.odds(bits) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(1 / 201, "1 in 201 scans"), (0.5, "1 in 2 scans"), (0.9, "1 a scan"), (3.2, "3 a scan")]
)
def test_rates_are_counted_in_scans(rate: float, text: str) -> None:
    assert words.alarms(rate) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-03-03T01:00:00Z", "2026-03-03T09:00:00Z", "3 Mar 2026"),
        ("2026-03-03T01:00:00Z", "2026-03-17T01:00:00Z", "3\u201317 Mar 2026"),
        ("2026-03-03T01:00:00Z", "2026-04-01T01:00:00Z", "3 Mar\u00a0\u2013 1 Apr 2026"),
        ("2025-12-30T01:00:00Z", "2026-01-02T01:00:00Z", "30 Dec 2025\u00a0\u2013 2 Jan 2026"),
        (None, "2026-01-02T01:00:00Z", "unknown period"),
    ],
)
def test_periods_do_not_repeat_themselves(first: object, last: object, text: str) -> None:
    assert words.period(first, last) == text


def test_minus_signs_are_minus_signs() -> None:
    assert words.bits(-0.64, signed=True) == "\u22120.6"


def test_what_does_not_show_is_written_out() -> None:
    assert words.visible("a\u202eb\x00c\u200bd\n", keep="\n") == "a\\u202eb\\u0000c\\u200bd\n"


def test_stacks_of_marks_are_thinned_out() -> None:
    assert words.visible("e" + "\u0301" * 50 + "x") == "e\u0301\u0301x"


def test_both_ends_of_a_long_name_stay() -> None:
    shown = words.name("head" + "-" * 500 + "tail")
    assert shown.startswith("head")
    assert shown.endswith("tail (508 characters)")


def test_a_sample_is_split_where_it_is_masked() -> None:
    assert words.sample("Solve ▒▒ now") == [(False, "Solve "), (True, "▒▒"), (False, " now")]


def test_lists_end_with_and() -> None:
    assert [words.listing([]), words.listing(["a"]), words.listing("abc")] == ["", "a", "a, b and c"]
