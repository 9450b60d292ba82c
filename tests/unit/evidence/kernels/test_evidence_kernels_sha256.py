"""SHA-256 side by side: the published answers, and the library's for every length around a block."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from stillwatch.evidence.kernels.sha256 import LANES, ROUNDS, START, hash_lanes, new_lanes, pad


def hashed(messages: list[bytes]) -> list[bytes]:
    lanes = new_lanes(max(map(len, messages)))
    lanes.messages[:] = 0xA5
    for lane, message in enumerate(messages):
        lanes.messages[lane, : len(message)] = np.frombuffer(message, np.uint8)
        lanes.blocks[lane] = pad(lanes.messages[lane], len(message))
    hash_lanes(lanes, len(messages))
    return [row.tobytes() for row in lanes.hashed[: len(messages)]]


def test_the_constants_are_those_of_the_standard() -> None:
    # FIPS 180-4, sections 5.3.3 and 4.2.2: the first and the last.
    assert [hex(START[i]) for i in (0, 7)] == ["0x6a09e667", "0x5be0cd19"]
    assert [hex(ROUNDS[i]) for i in (0, 63)] == ["0x428a2f98", "0xc67178f2"]


def test_the_published_examples() -> None:
    # NIST, Cryptographic Standards and Guidelines, examples of SHA-256: one block, two blocks; RFC 6234: empty.
    found = hashed([b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", b""])
    assert [one.hex() for one in found] == [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]


@pytest.mark.parametrize("lanes", [1, 3, LANES])
def test_messages_of_different_lengths_do_not_disturb_each_other(lanes: int) -> None:
    for first in range(0, 200, 5):
        messages = [bytes((first + 7 * i + j) % 256 for j in range(first + 13 * i)) for i in range(lanes)]
        assert hashed(messages) == [sha256(m).digest() for m in messages]
