"""Commitments of many records are those of one at a time."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from stillwatch.evidence.commitments import SEED_BYTES, commit
from stillwatch.evidence.kernels.commitments import commit_alike

CONTROL = "".join(map(chr, range(0x30))) + '\x7f\\"/\u2028\U0001f600'


def same(columns: dict[str, list[str]] | dict[str, list[int]]) -> None:
    rows = len(next(iter(columns.values())))
    arrays = {
        name: pa.array(values, pa.large_string() if isinstance(values[0], str) else pa.int64())
        for name, values in columns.items()
    }
    seeds = random.Random(rows).randbytes(SEED_BYTES * rows)
    slow = [
        commit(seeds[SEED_BYTES * i : SEED_BYTES * (i + 1)], {name: values[i] for name, values in columns.items()})
        for i in range(rows)
    ]
    assert [one.decode() for one in commit_alike(arrays, seeds)] == slow


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 40])
def test_texts_of_every_length_and_character(rows: int) -> None:
    draw = random.Random(rows)
    same({"a": ["x" * i for i in range(rows)], "b": [draw.choice(CONTROL) * draw.randrange(9) for _ in range(rows)]})


def test_every_control_character_is_escaped_as_json_does() -> None:
    same({"user_agent": [CONTROL, *CONTROL]})


def test_integers_of_every_length() -> None:
    same({"n": [0, -1, 9, 10, -10, 2**53 - 1, 1 - 2**53, *(10**i for i in range(15))]})


def test_texts_of_which_all_are_empty() -> None:
    same({"a": ["", ""]})


def test_a_slice_of_a_column_is_read_from_its_place() -> None:
    seeds = bytes(range(SEED_BYTES)) * 2
    whole = pa.array(["", "one", "three", "five"], pa.large_string())
    assert commit_alike({"a": whole.slice(1, 2)}, seeds) == [
        commit(seeds[:SEED_BYTES], {"a": value}).encode() for value in ("one", "three")
    ]
