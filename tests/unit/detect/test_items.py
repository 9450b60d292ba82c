from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from harvest_summary import summary

from stillwatch.detect.items import are_samples, public_items, sampled_items
from stillwatch.detect.strands import Ints
from stillwatch.detect.summary import Summary


def held(sets: Sequence[Ints]) -> Summary:
    """Return a summary of accounts with these items each."""
    _, holders = np.unique(np.concatenate(sets), return_counts=True)
    sizes = np.array([len(np.unique(s)) for s in sets])
    return summary(
        int(sizes.sum()),
        items=len(holders),
        item_holdings=int(holders.sum()),
        item_calls=int(holders.sum()),
        accounts=np.arange(len(sets)),
        account_calls=sizes,
        item_squares=int((holders**2).sum()),
        holding_squares=int((sizes**2).sum()),
    )


def dealt(draw: np.random.Generator, items: int, samples: int, accounts: int, done: float = 1.0) -> Summary:
    """Deal so many samples of each item out to accounts at random, and stop when this share is done."""
    queue = np.repeat(np.arange(items), samples)
    draw.shuffle(queue)
    return held([np.unique(part) for part in np.array_split(queue[: int(done * len(queue))], accounts)])


DEALT: dict[str, Callable[[np.random.Generator], Summary]] = {
    "eight of each": lambda draw: dealt(draw, 2_500, 8, 160),
    "two of each": lambda draw: dealt(draw, 3_000, 2, 100),
    "few accounts": lambda draw: dealt(draw, 500, 4, 12),
    "half done": lambda draw: dealt(draw, 2_500, 8, 160, 0.5),
}
STRANGERS: dict[str, Callable[[np.random.Generator], Summary]] = {
    "own draws from a public set": lambda draw: held([draw.choice(7_473, 20, replace=False) for _ in range(800)]),
    "own draws from a small set": lambda draw: held([draw.choice(500, 20, replace=False) for _ in range(60)]),
    "heavy and light users": lambda draw: held(
        [draw.choice(2_000, min(1_500, int(5 + 5 * draw.pareto(1.0))), replace=False) for _ in range(200)]
    ),
    "popular items": lambda draw: held([np.unique(draw.zipf(1.3, 40) % 5_000) for _ in range(200)]),
    "one sheet for all": lambda _: held([np.arange(80)] * 30),
    "most of one sheet": lambda draw: held(
        [draw.choice(60, int(draw.integers(20, 60)), replace=False) for _ in range(300)]
    ),
    "one of each but for a few": lambda draw: held([draw.choice(20_000, 4, replace=False) for _ in range(300)]),
    "all new": lambda _: held([np.arange(100 * n, 100 * n + 100) for n in range(50)]),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("plan", DEALT)
def test_samples_of_one_prompt_are_dealt_more_evenly_than_by_chance(plan: str, seed: int) -> None:
    assert are_samples(DEALT[plan](np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("crowd", STRANGERS)
def test_strangers_do_not_share_items_evenly(crowd: str, seed: int) -> None:
    assert not are_samples(STRANGERS[crowd](np.random.default_rng(seed)))


def test_samples_are_not_public_items() -> None:
    samples = DEALT["eight of each"](np.random.default_rng(0))
    sheet = STRANGERS["one sheet for all"](np.random.default_rng(0))
    for question in (0, 1):
        assert public_items(samples, question) == []
        assert public_items(sheet, question)[0].bits < 0 < sampled_items(samples, question)[0].bits


@pytest.mark.parametrize(("crowd", "speaks"), [("own draws from a small set", False), ("one sheet for all", True)])
def test_blobs_that_went_round_are_no_public_set_unless_all_have_the_same(crowd: str, *, speaks: bool) -> None:
    made = STRANGERS[crowd](np.random.default_rng(0))
    blobs = replace(made, carried=80, carried_calls=made.calls)
    assert public_items(made, 0)
    assert bool(public_items(blobs, 0)) is speaks
