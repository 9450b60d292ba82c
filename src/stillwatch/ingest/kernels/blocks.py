"""Thirty-two bytes at a time: which of them are what, as bits, so that a loop need not ask each byte.

A word's end is found by one comparison of a whole block and the number of trailing zeros of the result: no branch that
depends on the length of a word, which a processor cannot guess. LLVM turns these vectors into the instructions that the
processor has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
BLOCK = 32
"""Bytes in a block; a reader keeps so many spare ones behind its text, or checks."""
kernel = njit(cache=True, nogil=True, _nrt=False)
"""Compile a function that makes no array. Numba then counts no references to those it is given: the counters of arrays
that all threads read would go back and forth between the processor's cores, at every row."""
_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I8, BLOCK)


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    return builder.gep(make_array(array_type)(context, builder, array).data, [index])


def _load(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    place = _place(context, builder, array_type, array, index)
    return builder.load(builder.bitcast(place, _VECTOR.as_pointer()), align=1)


def _store(context: Any, builder: Any, array_type: Any, array: Any, index: Any, block: Any) -> None:  # noqa: PLR0917
    place = _place(context, builder, array_type, array, index)
    builder.store(block, builder.bitcast(place, _VECTOR.as_pointer()), align=1)


def _splat(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_I32, BLOCK), [0] * BLOCK))


def _bits(builder: Any, comparison: Any) -> Any:
    return builder.zext(builder.bitcast(comparison, _I32), _I64)


@intrinsic
def byte(_typing: Any, array: Any, index: Any) -> Any:  # noqa: ARG001  (Numba reads the signature)
    """Read the byte at ``index``, which is not negative: no look at that, unlike ``array[index]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_place(context, builder, signature.args[0], arguments[0], arguments[1]))
        return impl_ret_untracked(context, builder, types.int64, builder.zext(value, _I64))

    return types.int64(array, types.intp), generate


@intrinsic
def equal(_typing: Any, array: Any, index: Any, value: Any) -> Any:  # noqa: ARG001  (Numba reads the signature)
    """Return the bits of the bytes of the block at ``index`` that are ``value``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        found = builder.icmp_unsigned("==", block, _splat(builder, arguments[2]))
        return impl_ret_untracked(context, builder, types.uint64, _bits(builder, found))

    return types.uint64(array, types.intp, types.uint8), generate


@intrinsic
def between(_typing: Any, array: Any, index: Any, least: Any, span: Any) -> Any:  # noqa: ARG001
    """Return the bits of the bytes of the block at ``index`` from ``least`` to ``least + span``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        above = builder.sub(block, _splat(builder, arguments[2]))
        found = builder.icmp_unsigned("<=", above, _splat(builder, arguments[3]))
        return impl_ret_untracked(context, builder, types.uint64, _bits(builder, found))

    return types.uint64(array, types.intp, types.uint8, types.uint8), generate


@intrinsic
def copy(_typing: Any, array: Any, index: Any, out: Any, at: Any) -> Any:  # noqa: ARG001
    """Copy the block at ``index`` to ``out`` at ``at``. Both have room for a whole one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        _store(context, builder, signature.args[2], arguments[2], arguments[3], block)
        return context.get_dummy_value()

    return types.void(array, types.intp, out, types.intp), generate


@intrinsic
def copy_lower(_typing: Any, array: Any, out: Any, index: Any) -> Any:  # noqa: ARG001
    """Copy the block at ``index`` to the same place of ``out``, A to Z in lower case; return the bits beyond ASCII."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _load(context, builder, signature.args[0], arguments[0], arguments[2])

        def constant(value: int) -> Any:
            return ir.Constant(_VECTOR, [value] * BLOCK)

        capital = builder.icmp_unsigned("<=", builder.sub(block, constant(65)), constant(25))
        low = builder.add(block, builder.select(capital, constant(32), constant(0)))
        _store(context, builder, signature.args[1], arguments[1], arguments[2], low)
        beyond = builder.icmp_unsigned(">=", block, constant(128))
        return impl_ret_untracked(context, builder, types.uint64, _bits(builder, beyond))

    return types.uint64(array, out, types.intp), generate


@intrinsic
def first(_typing: Any, bits: Any) -> Any:  # noqa: ARG001  (Numba reads the signature)
    """Return the place of the lowest bit that is set; 64 if none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        found = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))
        return impl_ret_untracked(context, builder, types.int64, found)

    return types.int64(types.uint64), generate


@intrinsic
def count(_typing: Any, bits: Any) -> Any:  # noqa: ARG001  (Numba reads the signature)
    """Return how many bits are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return impl_ret_untracked(context, builder, types.int64, builder.ctpop(arguments[0]))

    return types.int64(types.uint64), generate


@njit(inline="always")
def letters_from(low: Bytes, i: int) -> int:
    """Return how many of the 32 bytes from ``i`` on are ASCII letters in lower case before the first that is not."""
    letters: int = first(~between(low, i, 97, 25) & np.uint64(0x1FFFFFFFF))
    return letters
