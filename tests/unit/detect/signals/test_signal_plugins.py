"""Signals of other packages, and the documentation's worked example as one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hand_made_calls import See, calls_in

from stillwatch.detect import signal as declaration
from stillwatch.detect.signal import find_signals
from stillwatch.errors import PluginError

PAGE = Path(__file__).parents[4] / "docs" / "signals.md"


def install(folder: Path, module: str, code: str | None) -> None:
    """Lay a package out as pip does: its module and what it declares."""
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[stillwatch.signals]\n{module} = {module}\n")
    if code is not None:
        (folder / f"{module}.py").write_text(code)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_signals()
    monkeypatch.setattr(declaration, "_SIGNALS", dict(declaration._SIGNALS))
    monkeypatch.syspath_prepend(tmp_path)


def worked_example() -> str:
    (code,) = re.findall(r"```python\n(.*?@signal.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def test_the_worked_example_runs_as_a_package_of_its_own(tmp_path: Path, see: See) -> None:
    install(tmp_path, "their_weekend", worked_example())
    saturday, monday = 24 * 2, 24 * 4  # 1970 began on a Thursday
    working = calls_in(1, [monday + h for h in range(20)])
    resting = calls_in(2, [saturday + h for h in range(20)])
    assert see("weekend", working + resting + calls_in(3, [saturday])) == [(1, 0, 20), (2, 10, 20)]


def test_the_worked_example_takes_its_parameter_from_the_settings(tmp_path: Path, see: See) -> None:
    install(tmp_path, "their_other_weekend", worked_example())
    assert see("weekend", calls_in(3, [24 * 2]), min_calls=1) == [(3, 10, 1)]


def test_names_the_package_whose_signal_cannot_be_imported(tmp_path: Path) -> None:
    install(tmp_path, "their_broken_signals", None)
    with pytest.raises(PluginError, match=r"of their_broken_signals cannot be imported: .* mend or uninstall"):
        find_signals()
