from __future__ import annotations

import narwhals as nw
import pytest

from stillwatch.detect import signal as declaration
from stillwatch.detect.signal import Frame, find_signals, signal
from stillwatch.errors import PluginError, SettingsError
from stillwatch.records import Family


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget afterwards what a test declares."""
    find_signals()
    monkeypatch.setattr(declaration, "_SIGNALS", dict(declaration._SIGNALS))


def declare(name: str = "mine") -> None:
    @signal(name, family=Family.TIMING, needs=("hour",))
    def mine(calls: Frame, *, hours: int = 24) -> Frame:
        return calls.select("account", observable=nw.col("hour") // hours, calls=nw.lit(1))


def names(**settings: object) -> list[str]:
    return [s.name for s in find_signals(**settings)]  # type: ignore[arg-type]


def test_lists_signals_by_name() -> None:
    declare("aardvark")
    assert names()[0] == "aardvark"
    assert names() == sorted(names())


def test_leaves_whole_families_out() -> None:
    left = {s.family for s in find_signals(without=frozenset({Family.TIMING, Family.NETWORK}))}
    assert left == {Family.CONTENT, Family.IDENTITY, Family.ECONOMY}


def test_sets_parameters_of_one_signal_only() -> None:
    declare()
    given = {s.name: dict(s.parameters) for s in find_signals(parameters={"mine": {"hours": 6}})}
    assert given["mine"] == {"hours": 6}
    assert given["start_day"] == {}
    assert {s.name: dict(s.parameters) for s in find_signals()}["mine"] == {}


def test_refuses_a_signal_that_there_is_not() -> None:
    with pytest.raises(SettingsError, match=r"\[detect.signals.addres\]: no such signal; known: address, "):
        find_signals(parameters={"addres": {}})


def test_refuses_a_parameter_that_there_is_not() -> None:
    with pytest.raises(SettingsError, match=r"\[detect.signals.start_day\]: no such parameter: hour; known: hours, "):
        find_signals(parameters={"start_day": {"hour": 6}})


def test_refuses_a_second_signal_of_one_name() -> None:
    def address(calls: Frame) -> Frame:
        return calls

    with pytest.raises(PluginError, match=r"'address' is defined in .*: rename one"):
        signal("address", family=Family.NETWORK)(address)


def test_refuses_a_frame_by_another_name() -> None:
    def strange(rows: Frame) -> Frame:
        return rows

    with pytest.raises(PluginError, match="'strange': take one frame named 'calls' or 'accounts'"):
        signal("strange", family=Family.NETWORK)(strange)


def test_refuses_a_parameter_without_a_default() -> None:
    def strange(calls: Frame, *, hours: int) -> Frame:
        return calls.head(hours)

    with pytest.raises(PluginError, match="keyword-only parameters with defaults"):
        signal("strange", family=Family.NETWORK)(strange)
