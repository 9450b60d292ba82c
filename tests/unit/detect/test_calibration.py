import pytest

from stillwatch.detect.calibration import Calibration, parse, shipped
from stillwatch.errors import SettingsError

TEN = Calibration(scans=9, accounts=1_000.0, strengths=(-2.0, 1.0, 1.0, 4.0))


@pytest.mark.parametrize(
    ("strength", "reached"), [(-3.0, 4), (-2.0, 4), (0.0, 3), (1.0, 3), (1.01, 1), (4.0, 1), (4.01, 0), (99.0, 0)]
)
def test_counts_innocent_groups_that_were_at_least_as_strong(strength: float, reached: int) -> None:
    assert TEN.false_alarm_rate(strength, accounts=1_000) == pytest.approx((reached + 1) / 10)


def test_claims_nothing_rarer_than_the_scans_show() -> None:
    assert TEN.false_alarm_rate(1e9, accounts=1) == pytest.approx(1 / 10)


def test_a_larger_log_has_more_chances_and_a_smaller_one_no_fewer() -> None:
    assert TEN.false_alarm_rate(5.0, accounts=3_000) == pytest.approx(3 / 10)
    assert TEN.false_alarm_rate(5.0, accounts=10) == TEN.false_alarm_rate(5.0, accounts=1_000)


def test_strengths_are_read_in_any_order() -> None:
    assert parse('{"scans": 9, "accounts": 1000, "strengths": [4, 1, -2, 1]}') == TEN


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"scans": 9}', '{"scans": "many", "accounts": 1, "strengths": []}', '{"scans": 1, ']
)
def test_refuses_what_is_no_calibration(text: str) -> None:
    with pytest.raises(SettingsError, match=r"not a calibration.*benchmarks/calibrate\.py"):
        parse(text)


def test_the_shipped_one_is_readable_and_never_promises_nothing() -> None:
    calibration = shipped()
    assert calibration.scans >= 1
    assert calibration.accounts > 0
    assert 0 < calibration.false_alarm_rate(100.0, accounts=1_000) <= 1
