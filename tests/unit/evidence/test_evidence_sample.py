"""The audit sample: anybody draws the same, nobody chooses it, and its size proves what is said of it."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.sample import SIZES, check_beacon, draw_sample, proves, sample_seed

BEACON = "ab" * 32


def test_the_rule_is_what_it_was() -> None:
    # Computed apart from the code, from the rule's words: a change here breaks every bundle that is out.
    seed = sample_seed(BEACON, "example.com/log", "cd" * 32)
    assert seed.hex() == "426d49d8247e33bdf01d81de3d2730a2ffccbaa63d1773ed7063ec05a56dd8fb"
    assert draw_sample(seed, count=1000, size=5) == [32, 37, 291, 708, 975]


def test_the_verifier_draws_the_same() -> None:
    for count in (1, 7, 459, 10_000):
        seed = sample_seed(BEACON, "example.com/log", "cd" * 32)
        theirs = verify.draw(BEACON, "example.com/log", "cd" * 32, count=count, size=100)
        assert sorted(theirs) == draw_sample(seed, count=count, size=100)


def test_a_sample_larger_than_the_list_is_the_list() -> None:
    assert draw_sample(bytes(32), count=3, size=459) == [0, 1, 2]
    assert draw_sample(bytes(32), count=0, size=459) == []


def test_no_position_is_drawn_more_often_than_others() -> None:
    drawn = Counter(at for i in range(3_000) for at in draw_sample(i.to_bytes(32, "big"), count=10, size=3))
    assert all(780 < drawn[at] < 1_020 for at in range(10)), "900 are expected, with a deviation of 25"


@pytest.mark.parametrize("size", SIZES)
def test_a_size_proves_what_is_said_and_no_smaller_one_does(size: int) -> None:
    confidence, share = SIZES[size]
    assert 1 - (share / 100) ** size >= confidence / 100
    assert 1 - (share / 100) ** (size - 1) < confidence / 100
    assert size == math.ceil(math.log(1 - confidence / 100) / math.log(share / 100))


def test_what_a_sample_proves_is_said_in_words() -> None:
    assert proves(459) == "with 99 % confidence at least 99 % of the list is as the sample is"
    assert "little" in proves(58)


@pytest.mark.parametrize("beacon", ["", "ab", "zz" * 32, "a" * 33, "ab" * 65])
def test_what_is_no_beacon_value_is_refused(beacon: str) -> None:
    with pytest.raises(EvidenceError, match="copy the value"):
        check_beacon(beacon)


def test_a_beacon_value_in_capitals_is_the_same() -> None:
    assert check_beacon(" AB" + "cd" * 31 + "\n") == "ab" + "cd" * 31
