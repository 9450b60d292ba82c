"""SipHash-1-3 against a plain implementation, the vectors of its paper, and the one inside CPython."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.kernels.hashing import U64, Hashed, hash_rows, hash_strings, mix, sip, sip_word, sip_words

LIMIT = 1 << 64
KEYS = (0x0706050403020100, 0x0F0E0D0C0B0A0908)


def rotated(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) % LIMIT


def plain_siphash(data: bytes, k0: int, k1: int, *, per_block: int, at_end: int) -> int:
    """SipHash-c-d as its paper writes it (Aumasson & Bernstein 2012, section 2)."""
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) % LIMIT
            v[1] = rotated(v[1], 13) ^ v[0]
            v[0] = rotated(v[0], 32)
            v[2] = (v[2] + v[3]) % LIMIT
            v[3] = rotated(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) % LIMIT
            v[3] = rotated(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) % LIMIT
            v[1] = rotated(v[1], 17) ^ v[2]
            v[2] = rotated(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for at in range(0, len(padded), 8):
        block = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= block
        rounds(per_block)
        v[0] ^= block
    v[2] ^= 0xFF
    rounds(at_end)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def siphash(data: bytes, k0: int, k1: int) -> int:
    return int(sip(np.frombuffer(data + b"\0", np.uint8), 0, len(data), U64(k0), U64(k1)))


def test_the_plain_implementation_gives_the_vector_of_the_paper() -> None:
    assert plain_siphash(bytes(range(15)), *KEYS, per_block=2, at_end=4) == 0xA129CA6149BE45E5


@settings(deadline=None)  # the first call compiles
@given(data=st.binary(max_size=70), k0=st.integers(0, LIMIT - 1), k1=st.integers(0, LIMIT - 1))
def test_sip_is_siphash_1_3(data: bytes, k0: int, k1: int) -> None:
    assert siphash(data, k0, k1) == plain_siphash(data, k0, k1, per_block=1, at_end=3)


def test_sip_is_the_hash_of_cpython() -> None:
    if sys.hash_info.algorithm != "siphash13":
        pytest.skip("this Python hashes strings in another way")
    texts = [b"a", b"seven b", b"eight by", b"nine byte", bytes(range(256))]
    program = f"print(*(hash(text) for text in {texts!r}))"
    # Seed 0 is the key of zeros (CPython, Python/bootstrap_hash.c).
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert [siphash(text, 0, 0) for text in texts] == [int(word) % LIMIT for word in said.stdout.split()]


@settings(deadline=None)  # the first call compiles
@given(before=st.binary(max_size=9), data=st.binary(max_size=40), behind=st.binary(min_size=8, max_size=8))
def test_a_word_inside_other_text_hashes_as_on_its_own(before: bytes, data: bytes, behind: bytes) -> None:
    whole = np.frombuffer(before + data + behind, np.uint8)
    at, stop = len(before), len(before) + len(data)
    assert int(sip_word(whole, at, stop, U64(KEYS[0]), U64(KEYS[1]))) == siphash(data, *KEYS)


@settings(deadline=None)  # the first call compiles
@given(words=st.lists(st.binary(max_size=40), max_size=20))
def test_many_words_at_once_hash_as_each_on_its_own(words: list[bytes]) -> None:
    data = np.frombuffer(b"".join(words) + bytes(16), np.uint8)
    ends = np.cumsum([len(word) for word in words], dtype=np.int32)
    starts = ends - np.array([len(word) for word in words], np.int32)
    hashed = Hashed(*(np.full(len(words) + 1, 7, np.uint64) for _ in Hashed._fields))
    sip_words(data, starts, ends, len(words), U64(KEYS[0]), U64(KEYS[1]), hashed)
    assert hashed.out.tolist() == [*(siphash(word, *KEYS) for word in words), 7]


def test_strings_of_an_arrow_array_are_hashed_one_by_one() -> None:
    array = pa.array(["", "one", "two words", "ü" * 40], pa.large_string())
    _, offsets, data = array.buffers()
    out = np.empty(4, np.uint64)
    hash_strings(np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[:5], out, U64(KEYS[0]), U64(KEYS[1]))
    assert out.tolist() == [siphash(text.encode(), *KEYS) for text in array.to_pylist()]


def test_rows_of_numbers_hash_as_their_bytes() -> None:
    columns = np.array([[1, 2], [LIMIT - 1, 0], [7, 7]], np.uint64)
    out = np.empty(2, np.uint64)
    hash_rows(columns, out, U64(KEYS[0]), U64(KEYS[1]))
    expected = [siphash(np.ascontiguousarray(columns[:, row]).tobytes(), *KEYS) for row in range(2)]
    assert out.tolist() == expected


def test_mix_depends_on_order() -> None:
    a, b, c = U64(3), U64(5), U64(9)
    assert mix(U64(mix(a, b)), c) != mix(U64(mix(a, c)), b)


def test_mix_spreads_neighbours_over_the_upper_bits() -> None:
    spread = {int(mix(U64(1), U64(i))) >> 56 for i in range(4096)}
    assert len(spread) == 256
