import numpy as np
import pytest

from stillwatch.detect.spread import MAX_SPREAD, find_spread, tail_bits


def drawn(share: float, spread: float, *, wordings: int = 4_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Draw how many of each wording's senders are members: shares from a beta distribution, or all alike."""
    draw = np.random.default_rng(seed)
    senders = draw.integers(5, 60, wordings)
    strength = 1.0 / spread - 1.0 if spread else 0.0
    shares = draw.beta(share * strength, (1.0 - share) * strength, wordings) if spread else np.full(wordings, share)
    return draw.binomial(senders, shares).astype(float), senders.astype(float)


def test_senders_drawn_at_random_are_not_alike() -> None:
    assert find_spread(*drawn(0.3, 0.0), 0.3) == 0.0
    assert find_spread(np.zeros(0), np.zeros(0), 0.3) == 0.0


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_a_spread_that_was_drawn_is_found_and_not_overstated(spread: float) -> None:
    assert 0.5 * spread < find_spread(*drawn(0.3, spread), 0.3) < 1.1 * spread


def test_a_few_wordings_of_the_campaign_s_own_do_not_make_anything_usual() -> None:
    members, senders = drawn(0.01, 0.0)
    members[:100] = senders[:100]
    assert find_spread(members, senders, 0.01) == 0.0


def test_a_spread_stays_below_one() -> None:
    members, senders = np.array([0.0, 50.0] * 20), np.full(40, 50.0)
    assert find_spread(members, senders, 0.5) == MAX_SPREAD


@pytest.mark.parametrize(("share", "spread"), [(0.2, 0.05), (0.3, 0.2), (0.05, 0.5)])
def test_the_tail_is_what_drawing_shows(share: float, spread: float) -> None:
    draw, strength = np.random.default_rng(2), 1.0 / spread - 1.0
    members = draw.binomial(20, draw.beta(share * strength, (1.0 - share) * strength, 400_000))
    for least in (1, 5, 10):
        assert 2.0 ** -tail_bits(least, 20, share, spread) == pytest.approx((members >= least).mean(), rel=0.05)
    assert tail_bits(0, 20, share, spread) == pytest.approx(0.0, abs=1e-9)


def test_the_tail_of_many_senders_is_a_number() -> None:
    assert 15.0 < tail_bits(20_000, 20_000, 0.3, 0.2) < 60.0
    assert tail_bits(20_000, 20_000, 0.3, 1e-6) > 20_000.0
