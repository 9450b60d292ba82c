"""SHA-256 (FIPS 180-4) of many short messages side by side.

A library call costs more than the hashing of a hundred bytes. Here sixteen messages are hashed in step, one in each
lane of the processor's vectors: LLVM turns them into whatever the processor has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
LANES = 16
BLOCK = 64
"""Bytes that one compression takes."""
MARGIN = 2 * BLOCK
"""Room behind a message for its padding: a one, zeros up to a whole block, its length in eight bytes (5.1.1)."""
DIGEST = 32
kernel = njit(cache=True, nogil=True, _nrt=False)
_VECTOR = ir.VectorType(ir.IntType(32), LANES)


class Lanes(NamedTuple):
    """Where LANES messages are hashed: themselves with their padding, their blocks, the hash's state and words."""

    messages: Bytes
    blocks: NDArray[np.int64]
    state: Words
    words: Words
    hashed: Bytes
    """A digest a lane, once ``hash_lanes`` is done."""


def new_lanes(longest: int) -> Lanes:
    """Make room for messages of so many bytes."""
    messages = np.empty((LANES, longest + MARGIN), np.uint8)
    state, words = np.zeros((8, LANES), np.uint32), np.zeros((16, LANES), np.uint32)
    return Lanes(messages, np.zeros(LANES, np.int64), state, words, np.empty((LANES, DIGEST), np.uint8))


def _roots(power: int, count: int) -> tuple[int, ...]:
    """Return the first 32 bits of the fractions of the square or cube roots of the first primes (4.2.2, 5.3.3)."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))][:count]
    return tuple(_root(prime << 32 * power, power) & 0xFFFFFFFF for prime in primes)


def _root(number: int, power: int) -> int:
    """Return the largest whole number whose power is not above ``number``."""
    low, high = 0, number
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= number else (low, middle - 1)
    return low


START = np.array(_roots(2, 8), np.uint32)
ROUNDS = _roots(3, 64)


class _Lanes:
    """Writes the arithmetic of section 4.1.2 on vectors of 32-bit words."""

    def __init__(self, builder: Any) -> None:
        self.b = builder
        name = f"llvm.fshr.v{LANES}i32"
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        module = builder.module
        self._turn = module.globals.get(name) or ir.Function(module, kind, name)

    def number(self, value: int) -> Any:
        return ir.Constant(_VECTOR, [value] * LANES)

    def right(self, x: Any, by: int) -> Any:
        return self.b.call(self._turn, [x, x, self.number(by)])

    def mixed(self, x: Any, first: int, second: int, third: Any) -> Any:
        """Return x turned twice, and what ``third`` makes of it, all exclusive-ored."""
        return self.b.xor(self.b.xor(self.right(x, first), self.right(x, second)), third)

    def add(self, *terms: Any) -> Any:
        total = terms[0]
        for term in terms[1:]:
            total = self.b.add(total, term)
        return total

    def big(self, x: Any, by: tuple[int, int, int]) -> Any:
        return self.mixed(x, by[0], by[1], self.right(x, by[2]))

    def small(self, x: Any, by: tuple[int, int, int]) -> Any:
        return self.mixed(x, by[0], by[1], self.b.lshr(x, self.number(by[2])))

    def choose(self, e: Any, f: Any, g: Any) -> Any:
        return self.b.xor(g, self.b.and_(e, self.b.xor(f, g)))

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return self.b.xor(self.b.and_(a, b), self.b.and_(c, self.b.xor(a, b)))

    def compress(self, state: list[Any], w: list[Any]) -> list[Any]:
        """Return the state after one block (section 6.2.2)."""
        a, b, c, d, e, f, g, h = state
        for t in range(64):
            if t >= 16:
                old = self.small(w[t - 15], (7, 18, 3))
                w.append(self.add(w[t - 16], old, w[t - 7], self.small(w[t - 2], (17, 19, 10))))
            one = self.add(h, self.big(e, (6, 11, 25)), self.choose(e, f, g), self.number(ROUNDS[t]), w[t])
            two = self.add(self.big(a, (2, 13, 22)), self.majority(a, b, c))
            a, b, c, d, e, f, g, h = self.add(one, two), a, b, c, self.add(d, one), e, f, g
        return [self.add(old, new) for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


@intrinsic
def compress(_typing: Any, state: Any, words: Any) -> Any:
    """Take one block in every lane: ``state`` is (8, LANES) and changed, ``words`` is (16, LANES)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def rows(which: int, count: int) -> list[Any]:
            data = make_array(signature.args[which])(context, builder, arguments[which]).data
            base = builder.bitcast(data, _VECTOR.as_pointer())
            return [builder.gep(base, [ir.Constant(ir.IntType(64), i)]) for i in range(count)]

        places = rows(0, 8)
        taken = [builder.load(p, align=4) for p in places]
        block = [builder.load(p, align=4) for p in rows(1, 16)]
        for place, value in zip(places, _Lanes(builder).compress(taken, block), strict=True):
            builder.store(value, place, align=4)
        return impl_ret_untracked(context, builder, types.none, context.get_dummy_value())

    return types.none(state, words), generate


@kernel
def pad(message: Bytes, length: int) -> int:
    """Pad a message of ``length`` bytes in place, which has MARGIN bytes of room; return its blocks."""
    blocks = (length + 8) // BLOCK + 1
    end = blocks * BLOCK
    message[length] = 0x80
    for i in range(length + 1, end):
        message[i] = 0
    bits = length * 8
    for i in range(8):
        message[end - 1 - i] = (bits >> (8 * i)) & 0xFF
    return blocks


@kernel
def hash_lanes(lanes: Lanes, count: int) -> None:
    """Hash the padded messages of the first ``count`` lanes."""
    most = 0
    for lane in range(count):
        most = max(most, lanes.blocks[lane])
        for i in range(8):
            lanes.state[i, lane] = START[i]
    for block in range(most):
        for lane in range(count):
            if block < lanes.blocks[lane]:
                _take(lanes.messages[lane], block, lanes.words, lane)
        compress(lanes.state, lanes.words)
        for lane in range(count):
            if block + 1 == lanes.blocks[lane]:
                _give(lanes.state, lane, lanes.hashed[lane])


@kernel
def _take(message: Bytes, block: int, words: Words, lane: int) -> None:
    """Read a block of a message into its lane, as big-endian words."""
    for i in range(16):
        at = block * BLOCK + 4 * i
        words[i, lane] = (
            (np.uint32(message[at]) << np.uint32(24))
            | (np.uint32(message[at + 1]) << np.uint32(16))
            | (np.uint32(message[at + 2]) << np.uint32(8))
            | np.uint32(message[at + 3])
        )


@kernel
def _give(state: Words, lane: int, out: Bytes) -> None:
    """Write a lane's state as a digest."""
    for i in range(8):
        for j in range(4):
            out[4 * i + j] = (state[i, lane] >> np.uint32(24 - 8 * j)) & np.uint32(0xFF)
