"""Keyed hashes over bytes: SipHash (Aumasson & Bernstein 2012) and a mixer for what is keyed already."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from stillwatch.ingest.kernels.blocks import kernel

U64 = np.uint64
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

# "somepseudorandomlygeneratedbytes", the initial state of the SipHash paper.
_INIT = tuple(U64(x) for x in (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573))
_I0, _I1, _I2, _I3 = _INIT
_R13, _R16, _R17, _R21, _R32, _R64 = (U64(x) for x in (13, 16, 17, 21, 32, 64))
_FF, _3, _8, _56, _59, _255 = (U64(x) for x in (0xFF, 3, 8, 56, 59, 255))
# The 64-bit finaliser of MurmurHash3 (Appleby 2011): a bijection in which each input bit moves half of the output bits.
_M1, _M2, _33 = U64(0xFF51AFD7ED558CCD), U64(0xC4CEB9FE1A85EC53), U64(33)
_GOLDEN = U64(0x9E3779B97F4A7C15)
_ONE = U64(1)


class Hashed(NamedTuple):
    """Scratch of ``sip_words`` (each word's first and last block) and what comes out."""

    first: Words
    last: Words
    out: Words


@intrinsic
def load64(_typing: Any, array: Any, index: Any) -> Any:  # noqa: ARG001  (Numba reads the signature)
    """Read eight bytes at ``index``, little-endian, aligned or not. The caller keeps it inside the array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(64).as_pointer())
        return impl_ret_untracked(context, builder, types.uint64, builder.load(place, align=1))

    return types.uint64(array, types.intp), generate


@njit(inline="always")
def rotate(x: np.uint64, by: np.uint64) -> np.uint64:
    """Rotate left."""
    return (x << by) | (x >> (_R64 - by))


@kernel
def sip_round(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64) -> State:
    """One SipRound."""
    v0 += v1
    v1 = rotate(v1, _R13) ^ v0
    v0 = rotate(v0, _R32)
    v2 += v3
    v3 = rotate(v3, _R16) ^ v2
    v0 += v3
    v3 = rotate(v3, _R21) ^ v0
    v2 += v1
    v1 = rotate(v1, _R17) ^ v2
    v2 = rotate(v2, _R32)
    return v0, v1, v2, v3


@kernel
def sip_start(k0: np.uint64, k1: np.uint64) -> State:
    """Return the state under a 128-bit key."""
    return k0 ^ _I0, k1 ^ _I1, k0 ^ _I2, k1 ^ _I3


@kernel
def sip_block(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, m: np.uint64) -> State:
    """Absorb eight bytes: one round, as in SipHash-1-3."""
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3 ^ m)
    return v0 ^ m, v1, v2, v3


@kernel
def sip_end(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64) -> np.uint64:
    """Three closing rounds, as in SipHash-1-3."""
    v2 ^= _FF
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@kernel
def pack(data: Bytes, start: int, stop: int) -> np.uint64:
    """Read fewer than eight bytes, little-endian."""
    block = U64(0)
    for i in range(stop - 1, start - 1, -1):
        block = (block << _8) | U64(data[i])
    return block


@kernel
def sip(data: Bytes, start: int, stop: int, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """SipHash-1-3 of ``data[start:stop]``."""
    v0, v1, v2, v3 = sip_start(k0, k1)
    i = start
    while i + 8 <= stop:
        v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, load64(data, i))
        i += 8
    last = pack(data, i, stop) | ((U64(stop - start) & _255) << _56)
    v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, last)
    return U64(sip_end(v0, v1, v2, v3))


@njit(inline="always")
def sip_word(data: Bytes, start: int, stop: int, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """SipHash-1-3 of ``data[start:stop]``, as ``sip``; reads, and ignores, up to eight bytes behind ``stop``."""
    v0, v1, v2, v3 = sip_start(k0, k1)
    i = start
    while i + 8 <= stop:
        v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, load64(data, i))
        i += 8
    last = (load64(data, i) & ((_ONE << (_8 * U64(stop - i))) - _ONE)) | ((U64(stop - start) & _255) << _56)
    v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, last)
    return U64(sip_end(v0, v1, v2, v3))


@kernel
def sip_words(  # noqa: PLR0917  (kernels take no keywords)
    data: Bytes, starts: NDArray[np.int32], ends: NDArray[np.int32], n: int, k0: np.uint64, k1: np.uint64, words: Hashed
) -> None:
    """SipHash-1-3, as ``sip_word``, of every ``data[starts[t]:ends[t]]``, for ``t`` below ``n``, into ``words.out``.

    Several words are hashed side by side, for no step of a word of up to fifteen bytes depends on its length. ``data``
    has sixteen spare bytes behind the last word.
    """
    first, last, out = words.first, words.last, words.out
    # Fifteen bytes are a whole block and a part of one at most; the part has bytes behind it that are cut off.
    for t in range(n):
        start, size = np.int64(starts[t]), np.int64(ends[t] - starts[t])
        first[t] = load64(data, start)
        last[t] = (load64(data, start + (size & 8)) & ((_ONE << (_8 * U64(size & 7))) - _ONE)) | (U64(size) << _56)
    i0, i1, i2, i3 = sip_start(k0, k1)
    for t in range(n):
        # All ones where there is a whole block before the last, else zeros: then the first round is undone.
        keep = U64(0) - ((last[t] >> _59) & _ONE)
        v0, v1, v2, v3 = sip_block(i0, i1, i2, i3, first[t])
        v0, v1 = i0 ^ ((i0 ^ v0) & keep), i1 ^ ((i1 ^ v1) & keep)
        v2, v3 = i2 ^ ((i2 ^ v2) & keep), i3 ^ ((i3 ^ v3) & keep)
        v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, last[t])
        out[t] = sip_end(v0, v1, v2, v3)
    for t in range(n):
        if ends[t] - starts[t] > 15:
            out[t] = sip_word(data, np.int64(starts[t]), np.int64(ends[t]), k0, k1)


@kernel
def mix(h: np.uint64, w: np.uint64) -> np.uint64:
    """Chain ``w`` onto ``h``; both must be keyed already, for this is no PRF."""
    x = (h ^ w) * _GOLDEN + (h >> _R32)
    x = (x ^ (x >> _33)) * _M1
    x = (x ^ (x >> _33)) * _M2
    return x ^ (x >> _33)


@kernel
def hash_strings(data: Bytes, offsets: NDArray[np.int64], out: Words, k0: np.uint64, k1: np.uint64) -> None:
    """SipHash-1-3 of every string of an Arrow large_string array."""
    for row in range(out.size):
        out[row] = sip(data, offsets[row], offsets[row + 1], k0, k1)


@kernel
def hash_rows(columns: Words, out: Words, k0: np.uint64, k1: np.uint64) -> None:
    """SipHash-1-3 of every column of a two-dimensional array of 64-bit values (``columns[value, row]``)."""
    for row in range(out.size):
        v0, v1, v2, v3 = sip_start(k0, k1)
        for i in range(columns.shape[0]):
            v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, columns[i, row])
        v0, v1, v2, v3 = sip_block(v0, v1, v2, v3, (U64(columns.shape[0] * 8) & _255) << _56)
        out[row] = sip_end(v0, v1, v2, v3)
