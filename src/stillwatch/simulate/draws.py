"""Random values that need no memory: hashes of what they belong to, and their text forms, whole columns at a time.

A value drawn by hashing (seed, account, purpose) is the same whenever it is asked for again, so a conversation can be
written in parts, days apart, without keeping it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_OCTETS = pa.array([str(i) for i in range(256)], pa.large_string())


def mix(values: npt.ArrayLike, salt: int = 0) -> U64:
    """Hash integers to 64 well-spread bits, one to one for a given salt (splitmix64, Steele and others 2014)."""
    x = np.asarray(values).astype(np.uint64)
    with np.errstate(over="ignore"):
        x = x + np.uint64((salt * 0xD1342543DE82EF95 + 1) & 0xFFFFFFFFFFFFFFFF) * _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))


def pair(left: npt.ArrayLike, right: npt.ArrayLike, salt: int = 0) -> U64:
    """Hash two integers as one."""
    with np.errstate(over="ignore"):
        return mix(mix(left, salt) + np.asarray(right).astype(np.uint64), salt)


def below(hashes: U64, limit: npt.ArrayLike) -> I64:
    """Map hashes to whole numbers from 0 to ``limit - 1``, evenly up to one part in 2**32."""
    top = (hashes >> np.uint64(32)).astype(np.uint64)
    return np.asarray((top * np.asarray(limit).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def unit(hashes: U64) -> F64:
    """Map hashes to [0, 1)."""
    return np.asarray((hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def normal(hashes: U64) -> F64:
    """Map hashes to a standard normal (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-unit(hashes)))
    return np.asarray(radius * np.cos(2.0 * np.pi * unit(mix(hashes, 977))))


def zipf(hashes: U64, size: int, exponent: float = 1.0) -> I64:
    """Pick ranks 0 to ``size - 1`` with popularity 1 / rank**exponent."""
    heights = np.cumsum(1.0 / np.arange(1, size + 1) ** exponent)
    return np.searchsorted(heights / heights[-1], unit(hashes), side="right").astype(np.int64)


def hexadecimal(values: U64, prefix: str, digits: int = 16) -> pa.LargeStringArray:
    """Write each value as ``prefix`` and its last ``digits`` hexadecimal digits."""
    shifts = np.arange(4 * (digits - 1), -1, -4, dtype=np.uint64)
    nibbles = ((values[:, None] >> shifts) & np.uint64(15)).astype(np.uint8)
    head = np.broadcast_to(np.frombuffer(prefix.encode(), np.uint8), (len(values), len(prefix)))
    letters = np.ascontiguousarray(np.concatenate([head, _HEX[nibbles]], axis=1))
    offsets = np.arange(len(values) + 1, dtype=np.int64) * (len(prefix) + digits)
    return pa.LargeStringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(letters))


def join(*pieces: pa.Array | str, separator: str = "") -> pa.LargeStringArray:
    """Join texts row by row; a plain string stands in every row (Arrow does not widen it by itself)."""
    texts = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in (*pieces, separator)]
    return pc.binary_join_element_wise(*texts)


def addresses(values: U64, six: npt.NDArray[np.bool_]) -> pa.LargeStringArray:
    """Write values as IPv4 addresses of the reserved 240.0.0.0/4, or IPv6 of 2001:db8::/32, which belong to nobody."""
    octets = [pa.array((values >> np.uint64(s)) & np.uint64(255)) for s in (24, 16, 8, 0)]
    four = join(*[_OCTETS.take(o) for o in octets], separator=".")
    if not six.any():
        return four
    text = hexadecimal(values, "2001:db8:", 8)
    long = join(pc.utf8_slice_codeunits(text, 0, 13), pc.utf8_slice_codeunits(text, 13, 17), ":1", separator=":")
    return pc.if_else(pa.array(six), long, four)
