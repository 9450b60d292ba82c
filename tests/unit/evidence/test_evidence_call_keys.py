"""The set of call keys is a set."""

from __future__ import annotations

import random

import numpy as np
import pytest

from stillwatch.evidence.call_keys import RUNS, CallKeys, call_key

EMPTY = np.empty((0, 2), np.uint64)


def key(number: int) -> bytes:
    """Make keys of which many share their first half, as chance never would."""
    return (number % 3).to_bytes(8, "little") + number.to_bytes(8, "little")


@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_a_plain_set(seed: int) -> None:
    draw, known, plain = random.Random(seed), CallKeys(EMPTY), set()
    for _ in range(60):
        batch = [key(draw.randrange(900)) for _ in range(draw.randrange(40))]
        expected = [k not in plain and k not in batch[:i] for i, k in enumerate(batch)]
        fresh = known.fresh(batch)
        assert fresh.tolist() == expected
        new = [k for k, is_new in zip(batch, fresh, strict=True) if is_new]
        known.add(new)
        plain |= set(new)
        assert len(known) == len(plain)
        assert len(known._runs) <= RUNS


def test_what_the_vault_held_is_known() -> None:
    words = np.frombuffer(b"".join(sorted(key(i) for i in range(3))), np.uint64).reshape(-1, 2)
    words = words[np.lexsort((words[:, 1], words[:, 0]))]
    assert CallKeys(words).fresh([key(2), key(3)]).tolist() == [False, True]


def test_ids_of_calls_and_notes_and_other_deployments_are_apart() -> None:
    assert len({call_key(k, kind, "x") for k in (b"1" * 32, b"2" * 32) for kind in ("call", "note")}) == 4
    assert len(call_key(b"1" * 32, "call", "x")) == 16
