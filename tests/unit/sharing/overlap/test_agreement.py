"""Agreements and sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.sharing.overlap.agreement import MIN_ELEMENTS, read_agreement, read_set

TERMS = """
parties = ["Host A", "Host B"]
purpose = "cards of extraction campaigns"
period_days = 7
max_elements = 1000
runs_a_period = 1
min_found = 20
"""


def write(folder: Path, text: str) -> Path:
    (folder / "agreement.toml").write_text(text)
    return folder / "agreement.toml"


def test_an_agreement_names_both_sides_and_is_named_by_its_bytes(tmp_path: Path) -> None:
    one = read_agreement(write(tmp_path, TERMS))
    assert (one.partner_of("Host A"), one.partner_of("Host B")) == ("Host B", "Host A")
    assert one.period(7 * 86_400 * 3 + 1) == 3
    assert read_agreement(write(tmp_path, TERMS + "# changed\n")).digest != one.digest
    with pytest.raises(SettingsError, match="is between Host A and Host B"):
        one.partner_of("Host C")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_elements = 1000", "max_elements = 10"),
        ("max_elements = 1000", "max_elements = 10000000"),
        ("runs_a_period = 1", "runs_a_period = 0"),
        ("min_found = 20", "min_found = true"),
        ("period_days = 7", ""),
        ("period_days = 7", "period_days = 7\nextra = 1"),
        ('"Host B"', '"Host A"'),
        ('purpose = "cards of extraction campaigns"', 'purpose = " "'),
        ("parties", "parties = 1 #"),
        ("parties", "("),
    ],
)
def test_a_senseless_agreement_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(SettingsError):
        read_agreement(write(tmp_path, TERMS.replace(old, new)))


def test_a_set_has_each_value_once(tmp_path: Path) -> None:
    terms = read_agreement(write(tmp_path, TERMS))
    lines = [f"payment:pm_{n:04d}" for n in range(MIN_ELEMENTS)]
    (tmp_path / "set").write_text("\n".join([*lines, "", f" {lines[0]} "]))
    assert read_set(tmp_path / "set", terms) == lines


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda lines: lines[:-1], "a small set"),
        (lambda lines: [f"{lines[0]}{n}" for n in range(1001)], "may be compared"),
        (lambda lines: [*lines, "email:jane.doe@host.example"], "an e-mail address"),
        (lambda lines: [*lines, "203.0.113.7"], "an IPv4 address"),
        (lambda lines: [*lines, "phone:+49 30 1234567"], "a telephone number"),
        (lambda lines: [*lines, "x" * 201], "longer than"),
    ],
)
def test_a_set_that_is_small_large_or_guessable_is_refused(tmp_path: Path, changed: object, why: str) -> None:
    terms = read_agreement(write(tmp_path, TERMS))
    lines = [f"payment:pm_{n:04d}" for n in range(MIN_ELEMENTS)]
    (tmp_path / "set").write_text("\n".join(changed(lines)))  # type: ignore[operator]
    with pytest.raises(SettingsError, match=why):
        read_set(tmp_path / "set", terms)
