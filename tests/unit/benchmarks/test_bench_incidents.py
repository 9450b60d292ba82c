from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.incidents import CONTAMINATED, LADDER, SCALES, arguments, compose
from benchmarks.programs import write_key

from stillwatch.simulate import read_scenario
from stillwatch.store.key import read_or_create_key


@pytest.mark.parametrize("case", [*SCALES, *LADDER, *CONTAMINATED])
def test_every_case_is_a_scenario(case: str, tmp_path: Path) -> None:
    scenario, scale, _ = arguments(case, tmp_path)
    assert read_scenario(scenario).blocks
    assert 0 < scale <= 1


@pytest.mark.parametrize(("case", "share"), CONTAMINATED.items())
def test_contaminated_accounts_have_the_share_they_are_named_after(case: str, share: float, tmp_path: Path) -> None:
    block = read_scenario(arguments(case, tmp_path)[0]).blocks[0]
    assert (block.campaign, block.share_low, block.share_high) == ("E", share, share)
    assert block.calls / block.accounts == pytest.approx(100)


def test_a_composed_case_has_its_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.incidents.DATA", tmp_path)
    monkeypatch.setattr("benchmarks.incidents.QUICK", 0.02)
    incident = compose("evasion-5", seed=1, shared=False, quick=True)
    assert incident.truth.calls == {"A": 4 * len(incident.truth.members["A"])}
    assert incident.truth.innocent
    assert len(incident.traffic.names) == len(incident.truth.guilty) + len(incident.truth.innocent)


def test_the_key_is_one_that_a_scan_accepts_and_the_same_each_time(tmp_path: Path) -> None:
    first = read_or_create_key(write_key(tmp_path / "key"))
    assert read_or_create_key(write_key(tmp_path / "other")) == first
    assert read_or_create_key(write_key(tmp_path / "key", number=1)) != first
