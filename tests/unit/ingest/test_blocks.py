"""Questions about 32 bytes at once, compared with asking each of them."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import (
    BLOCK,
    Bytes,
    between,
    byte,
    copy,
    copy_lower,
    count,
    equal,
    first,
    letters_from,
)


@njit
def ask(data: Bytes, i: int, out: Bytes, low: Bytes) -> tuple[int, int, int, int, int, int]:
    """Ask everything there is to ask of the block at ``i``."""
    quotes, letters = equal(data, i, 34), between(data, i, 97, 25)
    copy(data, i, out, 3)
    return quotes, letters, copy_lower(data, low, i), first(letters), count(letters), letters_from(data, i)


@njit
def first_of(bits: np.uint64) -> int:
    return first(bits)


@njit
def read(data: Bytes, i: int) -> int:
    return byte(data, i)


def bits(wanted: NDArray[np.bool_]) -> int:
    return sum(1 << int(i) for i in np.flatnonzero(wanted))


@pytest.mark.parametrize("start", [0, 1, 7, 40])
def test_a_block_says_what_its_bytes_say(start: int) -> None:
    data = np.random.default_rng(start).choice(np.frombuffer(b'az"`{@[AZ\x7f\x80\xff', np.uint8), 100)
    out, low = np.zeros(64, np.uint8), np.zeros(100, np.uint8)
    quotes, letters, beyond, place, how_many, run = ask(data, start, out, low)
    block = data[start : start + BLOCK]
    small = (block >= 97) & (block <= 122)
    assert (quotes, letters, beyond) == (bits(block == 34), bits(small), bits(block >= 128))
    assert (place, how_many) == (int(np.argmax(small)), int(small.sum()))
    assert run == int(np.argmin(small))
    assert out[3 : 3 + BLOCK].tolist() == block.tolist()
    assert out[:3].tolist() == out[3 + BLOCK :].tolist()[:3] == [0, 0, 0]
    assert low[start : start + BLOCK].tolist() == [c + 32 if 65 <= c <= 90 else int(c) for c in block]
    assert read(data, start) == data[start]


@pytest.mark.parametrize("letters", [0, 1, 31, 32, 40])
def test_a_run_of_letters_is_counted_up_to_a_block(letters: int) -> None:
    data = np.frombuffer(b"q" * letters + b"." * 40, np.uint8)
    assert ask(data, 0, np.zeros(64, np.uint8), np.zeros(80, np.uint8))[-1] == min(letters, BLOCK)


def test_without_a_bit_the_first_is_none() -> None:
    assert first_of(np.uint64(0)) == 64
