"""Which rows a step sees."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from stillwatch_lab.distill.order import held_out_numbers, places_at


@given(rows=st.integers(1, 40), size=st.integers(1, 60), seed=st.integers(0, 9))
def test_every_epoch_sees_every_row_once(rows: int, size: int, seed: int) -> None:
    steps = -(-3 * rows // size)
    seen = list(chain.from_iterable(places_at(step, rows=rows, size=size, seed=seed) for step in range(steps)))
    assert len(seen) == steps * size
    for epoch in range(3):
        assert sorted(seen[epoch * rows : (epoch + 1) * rows]) == list(range(rows))


def test_epochs_and_seeds_are_shuffled_apart() -> None:
    first, second = (places_at(step, rows=50, size=50, seed=1) for step in (0, 1))
    assert first != second
    assert first != places_at(0, rows=50, size=50, seed=2)


def test_some_prompts_stay_on_either_side() -> None:
    assert len(held_out_numbers(100, share=0.05, seed=1)) == 5
    assert len(held_out_numbers(2, share=0.01, seed=1)) == 1
    assert len(held_out_numbers(2, share=0.99, seed=1)) == 1
    assert held_out_numbers(9, share=0, seed=1) == set()
    assert held_out_numbers(1, share=0.5, seed=1) == set()
