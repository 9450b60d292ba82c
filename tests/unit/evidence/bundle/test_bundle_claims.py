from __future__ import annotations

import json

import pytest

from bundles import BEACON, Files, Host
from stillwatch.detect.answers import MAX_FAMILY_BITS
from stillwatch.evidence.bundle import claims


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files.of(Host(tmp_path_factory.mktemp("host"), calls=12).bundle())


@pytest.mark.parametrize("rung", ["volume", "coordination", "attribution", "training-use"])
def test_every_rung_names_its_limits_and_what_it_rests_on(files: Files, rung: str) -> None:
    claim = files.json(f"claims/{rung}.json")
    assert claim["rung"] == rung
    assert claim["limits"]
    assert claim["rests_on"] == ("log" if rung == "volume" else "statement")
    assert isinstance(claim["contrary"], list)
    assert isinstance(claim["otherwise"], list)


def test_the_unit_of_count_and_its_rule_are_said_in_words(files: Files) -> None:
    claim = files.json("claims/volume.json")
    assert claim["unit_means"] == files.predicate["units"][claim["unit"]]
    assert "first entry of its call id" in claim["count_rule"]


def test_nobody_is_named_unless_words_are_attached() -> None:
    assert claims.attribution(None)["claimed"] is False
    named = claims.attribution("attached/attribution")
    assert named["claimed"]
    assert "Operators affiliated with an entity are not that entity." in named["limits"]


def test_use_in_training_is_not_claimed_without_a_test() -> None:
    assert claims.training_use(None)["claimed"] is False
    assert claims.training_use("attached/lab-test")["claimed"]


def test_a_sample_claims_no_sums(tmp_path_factory: pytest.TempPathFactory) -> None:
    sampled = Files.of(Host(tmp_path_factory.mktemp("host"), calls=12).bundle(beacon=BEACON, whole=False))
    assert set(sampled.json("claims/volume.json")["numbers"]) == {"exchanges", "accounts"}


def test_labels_of_what_is_shared_stay_at_home(files: Files) -> None:
    text = json.dumps(files.json("claims/coordination.json"))
    assert "192.0.2.7" not in text
    assert "label" not in text


def test_the_most_that_a_family_adds_is_the_scan_s(files: Files) -> None:
    assert MAX_FAMILY_BITS == 12.0
    assert "at most twelve that each family" in files.json("claims/coordination.json")["method"]
